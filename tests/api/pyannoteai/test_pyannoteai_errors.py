"""Every class of the error tree to pyannoteAI's answer."""

import json
from typing import Any

import pytest
from fastapi.exceptions import RequestValidationError
from starlette.requests import Request

from earmark import errors
from earmark.api.family import explain
from earmark.api.pyannoteai.documents import REFUSALS
from earmark.api.pyannoteai.errors import STATUS, respond, status_of
from earmark.errors import EarmarkError, QueueFull


def classes(root: type[EarmarkError] = EarmarkError) -> list[type[EarmarkError]]:
    return [root, *(found for child in root.__subclasses__() for found in classes(child))]


def make(error: type[EarmarkError]) -> EarmarkError:
    if issubclass(error, errors.QualityRefused):
        return error("Say more.", measure="snr_db", value=1.0, limit=2.0)
    return error("Say more.")


def request() -> Request:
    return Request({"type": "http", "headers": [], "earmark.request_id": "an-id-of-the-request"})


def body(error: EarmarkError) -> Any:
    return json.loads(bytes(respond(error, request()).body))


@pytest.mark.parametrize("error", classes(), ids=lambda error: error.__name__)
def test_every_error_has_a_body_that_is_documented(error: type[EarmarkError]) -> None:
    answer = respond(make(error), request())
    assert answer.status_code == status_of(error)
    assert answer.status_code in {*REFUSALS, 405}
    told = body(make(error))
    if answer.status_code == 400:
        assert told == {"message": "Say more.", "errors": []}
    else:
        assert told == {"message": "Say more.", "requestId": "an-id-of-the-request"}
    assert (answer.status_code == 500) is (error is EarmarkError)


def test_the_table_says_nothing_twice() -> None:
    for error, status in STATUS.items():
        parent = error.__mro__[1]
        assert parent not in STATUS or STATUS[parent] != status, f"{error.__name__} has it from its parent"


def test_what_the_contract_says() -> None:
    wanted = {errors.KeyInvalid: 401, errors.JobNotFound: 404, errors.MediaNotFound: 404, QueueFull: 429}
    assert {error: status_of(error) for error in wanted} == wanted
    assert respond(QueueFull("Wait.", retry_after=30.0), request()).headers["retry-after"] == "30"


def test_fields_are_named_as_clients_write_them() -> None:
    wrong = [
        {"type": "x", "loc": ("body", "voiceprints", 3, "label"), "msg": "Value error, too long"},
        {"type": "x", "loc": ("query", "limit"), "msg": "too many"},
    ]
    told = body(explain(RequestValidationError(wrong)))
    assert told["errors"] == [
        {"field": "voiceprints[3].label", "message": "too long"},
        {"field": "limit", "message": "too many"},
    ]
    assert told["message"]
