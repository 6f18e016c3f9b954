"""Every error has a status of its own or of its parent, and none is a fault of ours by accident."""

import pytest
from starlette.requests import Request

from earmark import errors
from earmark.api.native.documents import PROBLEMS
from earmark.api.native.errors import STATUS, respond, status_of


def classes(root: type[errors.EarmarkError] = errors.EarmarkError) -> list[type[errors.EarmarkError]]:
    return [root, *(found for child in root.__subclasses__() for found in classes(child))]


def make(error: type[errors.EarmarkError]) -> errors.EarmarkError:
    if issubclass(error, errors.QualityRefused):
        return error("-", measure="snr_db", value=1.0, limit=2.0)
    return error("-")


@pytest.mark.parametrize("error", classes(), ids=lambda error: error.__name__)
def test_every_error_is_a_problem_that_is_documented(error: type[errors.EarmarkError]) -> None:
    request = Request({"type": "http", "headers": []})
    answer = respond(make(error), request)
    assert answer.status_code == status_of(error)
    assert answer.status_code in {*PROBLEMS, 405}  # no operation is documented where it is not allowed
    assert (
        answer.status_code < 500
        or issubclass(error, errors.StoreError | errors.ServiceError)
        or (error is errors.EarmarkError)
    )


def test_the_table_says_nothing_twice() -> None:
    for error, status in STATUS.items():
        parent = error.__mro__[1]
        assert parent not in STATUS or STATUS[parent] != status, f"{error.__name__} has it from its parent"
