"""The secret of webhooks over HTTP."""

import httpx


def test_it_is_shown_and_replaced(api: httpx.Client) -> None:
    secret = api.get("/v1/webhook-secret").raise_for_status().json()["secret"]
    assert api.get("/v1/webhook-secret").json() == {"secret": secret}
    replaced = api.post("/v1/webhook-secret/rotate").raise_for_status().json()["secret"]
    assert replaced != secret
    assert api.get("/v1/webhook-secret").json() == {"secret": replaced}
