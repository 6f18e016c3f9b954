"""What a test really saw -> the rows of the surface that it proves.

A test says with `@pytest.mark.proves(row, ...)` which rows it proves (a trailing `*` stands for all that
begin so), and conftest.py fails it when it passed without having recorded every one of them here. The mark is
what the coverage page is made from; the record is what keeps the mark honest.
"""

from collections.abc import Callable, Collection
from typing import Any

from contract import surface

Check = Callable[[Any], bool]
ROWS = frozenset(surface.rows())
_seen: set[str] = set()


def claimed(patterns: Collection[str]) -> set[str]:
    """The rows that the arguments of a mark name; KeyError for one that names none."""
    found: set[str] = set()
    for pattern in patterns:
        begin = pattern.removesuffix("*")
        named = {row for row in ROWS if row == pattern or (begin != pattern and row.startswith(begin))}
        if not named:
            raise KeyError(f"the mark names no row of the surface: {pattern}")
        found |= named
    return found


def start() -> None:
    """Forget what the test before this one saw."""
    _seen.clear()


def seen() -> frozenset[str]:
    """The rows that were recorded since the last start."""
    return frozenset(_seen)


def did(row: str) -> None:
    """Record that an operation was answered as it should be, or that a field was obeyed."""
    assert row in ROWS, f"no such row: {row}"
    _seen.add(row)


def shows(group: str, answer: Any, checks: dict[str, Any]) -> None:
    """Hold an answer against all fields of its group, and record them.

    `group` is a protocol and a group of its fields. `checks` gives for every field the value, or a function
    of it that must be true; `a.b` is the field b of a, `a[].b` that of every item. A field of the answer that
    the contract does not know fails too.
    """
    protocol, _, name = group.partition(" ")
    [known] = [fields for key, fields in surface.FIELDS.items() if key == protocol]
    assert set(checks) == set(known[name]), f"{group}: check all of its fields"
    for field, check in checks.items():
        for value in _values(answer, field):
            right = check(value) if callable(check) else value == check
            assert right, f"{group} {field}: {value!r}"
        did(f"{group} {field}")
    tops = {field.partition(".")[0].partition("[")[0] for field in known[name]} - {""}
    if isinstance(answer, dict):
        assert set(answer) == tops, f"{group} has {sorted(set(answer) ^ tops)} too many or too few"


def _values(answer: Any, field: str) -> list[Any]:
    values = [answer]
    for part in field.split("."):
        name = part.removesuffix("[]")
        if name:
            assert all(name in value for value in values), f"{field} is missing"
            values = [value[name] for value in values]
        if part.endswith("[]"):
            values = [item for value in values for item in value]
            assert values, f"{field}: nothing is listed"
    return values
