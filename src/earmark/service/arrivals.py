"""Rows of a table of profiles to one arrival for each GUID, and to refusals of what contradicts itself."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from uuid import UUID

from earmark.errors import EarmarkError, InvalidArgument, InvalidRequest, LabelTaken
from earmark.service.phrases import list_passphrases
from earmark.storage.labels import normalise_label, parse_guid
from earmark.storage.values import ProfileKind

SHOWN = 5  # words for kinds that a message names
LOCALE = re.compile(r"([A-Za-z]{2})(?:-([A-Za-z]{2}))?")


@dataclass(frozen=True, slots=True)
class Row:
    """A row: one or more recordings of a profile. What it leaves empty stands in another row of it."""

    number: int
    profile: str
    kind: str
    locale: str
    recordings: tuple[str, ...]
    label: str = ""
    phrase: str = ""


@dataclass(frozen=True)
class Arrival:
    """A profile to be taken in."""

    id: UUID
    kind: ProfileKind
    locale: str
    label: str | None
    phrase: str | None
    recordings: tuple[Path, ...]
    rows: tuple[int, ...]  # of each recording


@dataclass(frozen=True)
class Refusal:
    """Why a profile is not taken in; the error says what to do. A profile may have several."""

    row: int
    profile: str  # GUID, or what stands in its place
    error: EarmarkError
    file: str | None = None


def gather_arrivals(
    rows: Iterable[Row], *, kinds: Mapping[str, ProfileKind], folder: Path
) -> tuple[list[Arrival], list[Refusal]]:
    """Return the profiles of a table, in its order, and the refusals that need no listening.

    `kinds` are the words for the kinds, the usual ones first; `folder` is where relative recordings lie. A
    profile with anything wrong in any of its rows is refused whole.
    """
    groups: dict[UUID, list[Row]] = {}
    refusals: list[Refusal] = []
    for row in rows:
        guid = parse_guid(row.profile)
        if guid is None or not guid.int:
            hint = "write 8-4-4-4-12 hexadecimal digits" if guid is None else "it means nobody"
            refusals.append(
                Refusal(row.number, row.profile, InvalidArgument(f"This is no profile's GUID: {hint}."))
            )
        else:
            groups.setdefault(guid, []).append(row)
    arrivals: list[Arrival] = []
    labels: dict[str, UUID] = {}
    words = {_plain(word): kind for word, kind in kinds.items()}
    for guid, group in groups.items():
        reading = _Reading(guid, group)
        arrival = reading.arrival(words, list(kinds)[:SHOWN], folder)
        if arrival.label is not None and labels.setdefault(arrival.label, guid) != guid:
            reading.refuse(group[0], LabelTaken("Another profile of the table has this label: change one."))
        if reading.refusals:
            refusals += reading.refusals
        else:
            arrivals.append(arrival)
    return arrivals, refusals


class _Reading:
    """One profile's rows on their way to an arrival, and what is wrong with them."""

    def __init__(self, guid: UUID, rows: list[Row]) -> None:
        self.guid, self.rows = guid, rows
        self.refusals: list[Refusal] = []

    def refuse(self, row: Row, error: EarmarkError) -> None:
        self.refusals.append(Refusal(row.number, str(self.guid), error))

    def arrival(self, words: Mapping[str, ProfileKind], shown: Iterable[str], folder: Path) -> Arrival:
        kind = self._kind(words, shown)
        locale = self._locale()
        label = self._said("label", {row.number: row.label for row in self.rows}) or None
        try:
            label = normalise_label(label) if label is not None else None
        except InvalidRequest as error:
            self.refuse(self.rows[0], error)
        named = [(row, folder / name) for row in self.rows for name in row.recordings]
        for row in self.rows:
            if any("\0" in name for name in row.recordings):
                self.refuse(row, InvalidArgument("A recording's name holds a zero byte: correct it."))
            if not row.recordings:
                self.refuse(
                    row, InvalidArgument("There is no recording in this row: name one, or remove it.")
                )
        seen: set[Path] = set()
        for row, path in named:
            if path in seen:
                self.refuse(row, InvalidRequest("A recording of this profile is named twice: remove one."))
            seen.add(path)
        return Arrival(
            self.guid,
            kind or ProfileKind.IDENTIFICATION,
            locale,
            label,
            self._phrase(kind, locale),
            tuple(path for _, path in named),
            tuple(row.number for row, _ in named),
        )

    def _kind(self, words: Mapping[str, ProfileKind], shown: Iterable[str]) -> ProfileKind | None:
        found: dict[int, ProfileKind] = {}
        for row in self.rows:
            kind = words.get(_plain(row.kind))
            if kind is not None:
                found[row.number] = kind
            elif row.kind:
                self.refuse(row, InvalidArgument(f"The kind is not known: use {', '.join(shown)}."))
        if not found and not self.refusals:
            self.refuse(self.rows[0], InvalidArgument("The kind is missing: write it into this row."))
        return ProfileKind(said) if (said := self._said("kind", found)) else None

    def _locale(self) -> str:
        found: dict[int, str] = {}
        for row in self.rows:
            match = LOCALE.fullmatch(row.locale)
            if match:
                found[row.number] = "-".join(filter(None, (match[1].lower(), (match[2] or "").upper())))
            elif row.locale:
                self.refuse(row, InvalidArgument("The locale cannot be read: write it as en-US."))
        if not found and not any(row.locale for row in self.rows):
            self.refuse(self.rows[0], InvalidArgument("The locale is missing: write it as en-US."))
        return self._said("locale", found)

    def _phrase(self, kind: ProfileKind | None, locale: str) -> str | None:
        said = self._said("phrase", {row.number: _spoken(row.phrase) for row in self.rows})
        if kind is not ProfileKind.TEXT_DEPENDENT:
            if said:
                self.refuse(
                    self.rows[0], InvalidRequest("Only a text-dependent profile has a phrase: leave it out.")
                )
            return None
        if not locale:
            return None
        try:
            known = list_passphrases(locale)
        except InvalidRequest as error:
            self.refuse(self.rows[0], error)
            return None
        if said and said not in known:
            hint = "it is not one of Azure's passphrases: correct it, or leave it empty"
            self.refuse(self.rows[0], InvalidArgument(f"The phrase is not known, since {hint}."))
        return said or None

    def _said(self, what: str, values: Mapping[int, str]) -> str:
        """Return the one value that rows give, empty for none; two that differ are refused."""
        given = [(number, value) for number, value in values.items() if value]
        for (_, before), (number, value) in pairwise(given):
            if value != before:
                error = InvalidRequest(
                    f"Another row of this profile gives another {what}: one GUID is one profile, so mend one."
                )
                self.refusals.append(Refusal(number, str(self.guid), error))
        return given[0][1] if given else ""


def _plain(word: str) -> str:
    """Return a word without case, hyphens and blanks: kinds are written in many ways."""
    return "".join(character for character in word.lower() if character.isalnum())


def _spoken(phrase: str) -> str:
    """Return a phrase as Azure lists them: small letters, no punctuation."""
    return " ".join(re.sub(r"[^\w\s']", " ", phrase.lower()).split())
