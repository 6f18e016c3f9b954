"""Messages of the speech WebSocket: what is one is read, what is none raises its own error and no other."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from earmark.api.azure.websocket_frames import (
    MOST_HEADER,
    MalformedFrame,
    Message,
    read_binary,
    read_text,
    write_text,
)

ID = "A046EB5B51C3401593A198A0EB3A4DD0"
HEAD = f"Path: speaker.profile.create\r\nX-RequestId: {ID}"
AUDIO = f"Path: audio\r\nX-RequestId: {ID}\r\nX-Timestamp: 2026-11-20T21:34:18.527Z\r\n".encode()
request_ids = st.text("0123456789ABCDEFabcdef-", min_size=1, max_size=64)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner), max_leaves=5
)


@given(st.text() | st.text('Path:XRquestId\r\n {}"1a'))
@example("")
@example("\r\n\r\n")
@example(f"{HEAD}\r\n\r\n[]")
@example(f"{HEAD}\r\n\r\n" + "[" * 100_000)
@example(f"{HEAD}\r\n\r\n{{")
@example(f"{HEAD}\r\n\r\n" + '{"a":' + "9" * 5_000 + "}")
@example(f"Path: a\r\n{'x' * MOST_HEADER}: b\r\nX-RequestId: {ID}\r\n\r\n{{}}")
@example(f"X-RequestId: {ID}\r\n\r\n{{}}")
@example("Path: speaker.context\r\n\r\n{}")
@example(f"Path: a\r\nX-RequestId: {ID}\nEvil: 1\r\n\r\n{{}}")
def test_text_is_a_message_or_malformed(text: str) -> None:
    try:
        message = read_text(text)
    except MalformedFrame:
        return
    assert message.path == message.path.lower()
    assert isinstance(message.body, dict)
    assert message.payload is None


@given(st.binary() | st.binary().map(lambda rest: len(AUDIO).to_bytes(2, "big") + AUDIO + rest))
@example(b"")
@example(b"\x00")
@example(b"\x00\x00")
@example(b"\xff\xff")
@example(b"\x00\x04\xff\xfe\xfd\xfc")
@example(b"\x00\x05Path:")
@example((MOST_HEADER + 1).to_bytes(2, "big") + AUDIO + b"x" * MOST_HEADER)
def test_bytes_are_a_message_or_malformed(data: bytes) -> None:
    try:
        message = read_binary(data)
    except MalformedFrame:
        return
    assert message.body == {}
    assert message.payload is not None
    assert data.endswith(message.payload)


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}\r\n{{}}",
        f"{HEAD}\r\n\r\n[1]",
        f"{HEAD}\r\n\r\nx",
        "Path: a\r\nX-RequestId: a b\r\n\r\n{}",
        f"X-RequestId: {ID}\r\n\r\n{{}}",
    ],
    ids=["no blank line", "a list", "no JSON", "a strange request id", "no path"],
)
def test_what_is_no_message(text: str) -> None:
    with pytest.raises(MalformedFrame):
        read_text(text)


@given(
    request_ids, st.dictionaries(st.text(), values), st.sampled_from(["speaker.profiles", "speaker.response"])
)
def test_an_answer_can_be_read_as_the_client_does(request_id: str, body: dict[str, Any], path: str) -> None:
    said = write_text(path, request_id, body)
    assert said.count("\r\n\r\n") == 1  # else the client cuts the JSON there
    assert read_text(said) == Message(path, request_id, body)


@given(request_ids, st.binary(max_size=200))
def test_audio_goes_through_unchanged(request_id: str, payload: bytes) -> None:
    head = f"Path: audio\r\nX-RequestId: {request_id}\r\n".encode()
    message = read_binary(len(head).to_bytes(2, "big") + head + payload)
    assert message == Message("audio", request_id, {}, payload)


def test_names_are_read_in_any_case_and_a_message_needs_no_body() -> None:
    message = read_text(f"pAtH:  Telemetry \r\nX-REQUESTID:{ID}\r\nother\r\n\r\n")
    assert message == Message("telemetry", ID, {})
    assert read_text("Path: speech.config\r\n\r\n{}").request_id == ""  # nothing is answered to it
    body = {"locale": "en-us", "number": "1"}
    assert read_text(f"{HEAD}\r\n\r\n{json.dumps(body)}").body == body
