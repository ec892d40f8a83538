"""Looks up organisations in the Norwegian register of units (Brønnøysund), by number and in batches.

Asks for units and sub-units only, never for roles. Yields typed pages; knows no store and no Dagster.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import count, islice
from typing import Any, Self

from connectors.brreg.client_feed import OVERLAP_IDS, SUBUNITS, UNITS, Feed, FeedPosition, embedded
from connectors.brreg.client_names import could_be_a_persons
from connectors.brreg.client_units import (
    REMOVED,
    SOLE_PROPRIETOR,
    UNKNOWN,
    bare_record,
    can_exist,
    form_of,
    is_number,
    unit_record,
)
from connectors.budget import RequestBudget
from connectors.client import Client
from connectors.egress import Egress
from connectors.errors import PermanentError, RefusedByPolicyError, TransientError
from connectors.pages import Page, Rejected, read_page
from schemas.payloads.brreg import BrregUnit
from schemas.policy import Policy

REQUESTS_PER_MINUTE = 300
"""The register sets no limit; this is what its users hold to be polite."""
NUMBERS_PER_REQUEST = 1000
"""Seen to work (12,106 characters); 2,000 are documented, but the proxy in front answers them with 400."""
MIN_NUMBERS_PER_REQUEST = 100
"""Batches do not stay smaller than this after one was refused: the fault is then in the batch."""
SINGLE_LOOK_UPS_PER_PAGE = 50
NAME_HITS = 20
MAX_NAME = 180
"""Characters of a name that the register accepts."""

_TOO_MUCH = (400, 413, 414, 431)


@dataclass(frozen=True, slots=True)
class _Register:
    path: str
    single: str
    embedded: str
    accept: str
    subunits: bool


_MAIN = _Register(
    "/enheter",
    "/enheter/{number}",
    "enheter",
    "application/vnd.brreg.enhetsregisteret.enhet.v2+json;charset=UTF-8",
    False,
)
_SUB = _Register(
    "/underenheter",
    "/underenheter/{number}",
    "underenheter",
    "application/vnd.brreg.enhetsregisteret.underenhet.v2+json;charset=UTF-8",
    True,
)


class BrregClient(Client):
    """The open register. Use `connect`."""

    def __init__(self, egress: Egress) -> None:
        super().__init__(egress)
        self._chunk = NUMBERS_PER_REQUEST

    @classmethod
    def connect(cls, policy: Policy, url: str, **egress_options: Any) -> Self:
        """A client of the register behind `url`. Sends nothing yet."""
        sleep: Callable[[float], None] = egress_options.get("sleep", time.sleep)
        egress_options.setdefault("budget", RequestBudget(REQUESTS_PER_MINUTE, sleep=sleep))
        return cls(Egress(policy, "brreg", url, **egress_options))

    def check(self) -> None:
        """One cheap request that only the register answers. Raises EgressError when it does not.

        A wrong address may answer 404 to everything, which would make every unit unknown.
        """
        UNITS.tip(self._egress)

    def units(self, numbers: Iterable[str]) -> Iterator[Page[BrregUnit]]:
        """Every distinct number as exactly one unit with its status, or as rejected.

        A number without nine digits is rejected and one that cannot exist is unknown, both unasked. Living
        units come in batches; those that are missing there are looked up singly.
        """
        missing: list[str] = []
        for chunk in _chunks(dict.fromkeys(numbers), lambda: self._chunk):
            well_formed = [number for number in chunk if is_number(number)]
            possible = [number for number in well_formed if can_exist(number)]
            unasked = [bare_record(number, UNKNOWN) for number in well_formed if not can_exist(number)]
            found = self._batch(_MAIN, possible)
            answered = read_page(BrregUnit, [*found.values(), *unasked])
            # What is no organisation number may be a person's: it is neither kept nor hashed.
            malformed = [Rejected("?", "number: is not nine digits")] * (len(chunk) - len(well_formed))
            if answered.received or malformed:
                yield replace(answered, rejected=[*answered.rejected, *malformed])
            missing += [number for number in possible if number not in found]
            while len(missing) >= self._chunk:
                yield from self._missing(missing[: self._chunk])
                missing = missing[self._chunk :]
        yield from self._missing(missing)

    def find_company(self, name: str) -> list[BrregUnit]:
        """Living units that the register finds for an organisation's name, the best hits first.

        The caller vouches that it is an organisation's. Raises RefusedByPolicyError, and sends nothing, for
        a name that could be only a person's. Sole proprietors are persons and left out.
        """
        if could_be_a_persons(name) or len(name) > MAX_NAME:
            raise RefusedByPolicyError(
                "brreg: nothing shows that the name is an organisation's; not looked up"
            )
        rows, _ = self._search(_MAIN, {"navn": name, "size": NAME_HITS, "page": 0})
        records = [
            unit_record(row, subunit=False)
            for row in rows
            if isinstance(row, dict) and form_of(row) != SOLE_PROPRIETOR
        ]
        hits = read_page(BrregUnit, records)
        if hits.rejected:
            # One that cannot be read might be the one that is meant: then no other is sure to be.
            return []
        return [unit for unit in hits.records if unit.status != "deleted"]

    def tip(self) -> FeedPosition:
        """Where the feeds of changes stand now. Ask before the first look-up: no change falls between."""
        return FeedPosition(UNITS.tip(self._egress), SUBUNITS.tip(self._egress))

    def changed_since(self, position: FeedPosition, numbers: Iterable[str]) -> tuple[set[str], FeedPosition]:
        """Those of the numbers that have to be looked up again, and the position to go on from next time."""
        tip = self.tip()
        followed = [number for number in dict.fromkeys(numbers) if is_number(number) and can_exist(number)]
        changed: set[str] = set()
        for feed, since, until in (
            (UNITS, position.units, tip.units),
            (SUBUNITS, position.subunits, tip.subunits),
        ):
            if until < since:
                # The feed does not reach up to where it was read: it is another one, so nothing is known.
                return set(followed), tip
            for chunk in _chunks(followed, lambda: self._chunk):
                changed |= self._touched(feed, chunk, max(1, since - OVERLAP_IDS), until)
        return changed, tip

    def _touched(self, feed: Feed, numbers: list[str], since: int, tip: int) -> set[str]:
        try:
            return set(feed.touched(self._egress, numbers, since, tip))
        except PermanentError as error:
            first, second = self._halves(numbers, error)
        return self._touched(feed, first, since, tip) | self._touched(feed, second, since, tip)

    def _batch(self, register: _Register, numbers: list[str]) -> dict[str, dict[str, Any]]:
        """Records of the living units among the numbers, by number."""
        if not numbers:
            return {}
        try:
            rows = list(self._all_pages(register, numbers))
        except PermanentError as error:
            first, second = self._halves(numbers, error)
            return {**self._batch(register, first), **self._batch(register, second)}
        asked = frozenset(numbers)
        return {
            number: unit_record(row, subunit=register.subunits)
            for row in rows
            if isinstance(row, dict) and isinstance(number := row.get("organisasjonsnummer"), str)
            if number in asked
        }

    def _all_pages(self, register: _Register, numbers: list[str]) -> Iterator[Any]:
        """The rows for the numbers; one page, unless the server serves smaller ones than it was asked for."""
        query = {"organisasjonsnummer": ",".join(numbers), "size": len(numbers)}
        received = 0
        for page in count():
            rows, total = self._search(register, {**query, "page": page})
            yield from rows
            received += len(rows)
            if not rows or received >= min(total, len(numbers)):
                return

    def _search(self, register: _Register, query: dict[str, object]) -> tuple[list[Any], int]:
        answer = self._egress.request("GET", register.path, query=query, headers={"Accept": register.accept})
        return embedded(answer.body, register.embedded, f"brreg GET {register.path}")

    def _missing(self, numbers: list[str]) -> Iterator[Page[BrregUnit]]:
        """Numbers that are no living unit: sub-units in one batch, the rest one by one."""
        found = self._batch(_SUB, numbers) if len(numbers) > 1 else {}
        for some in _chunks(numbers, lambda: SINGLE_LOOK_UPS_PER_PAGE):
            yield read_page(BrregUnit, [found.get(number) or self._single(number) for number in some])

    def _single(self, number: str) -> dict[str, Any]:
        """What the register says of one number, which can be in either part of it."""
        for register in (_MAIN, _SUB):
            answer = self._egress.request(
                "GET",
                register.single,
                variables={"number": number},
                headers={"Accept": register.accept},
                accept=(200, 404, 410),
            )
            if answer.status == 410:
                return bare_record(number, REMOVED)
            if answer.status == 200:
                if not isinstance(answer.body, dict) or answer.body.get("organisasjonsnummer") != number:
                    raise TransientError(f"brreg GET {register.single}: the answer is about another unit")
                return unit_record(answer.body, subunit=register.subunits)
            if not answer.empty:
                # The register says "no such unit" without a body; this is something else speaking.
                raise PermanentError(
                    f"brreg GET {register.single}: answered 404 with a body; is BRREG_URL right?", status=404
                )
        return bare_record(number, UNKNOWN)

    def _halves(self, numbers: list[str], error: PermanentError) -> tuple[list[str], list[str]]:
        """The two halves of a batch that was refused as too long, which may also be said with a plain 400.

        Raises the error again when it is about something else.
        """
        if error.status not in _TOO_MUCH or len(numbers) == 1:
            raise error
        middle = len(numbers) // 2
        self._chunk = max(min(self._chunk, middle), MIN_NUMBERS_PER_REQUEST)
        return numbers[:middle], numbers[middle:]


def _chunks(numbers: Iterable[str], size: Callable[[], int]) -> Iterator[list[str]]:
    """Lists of at most `size()` numbers, which may become less on the way."""
    source = iter(numbers)
    while chunk := list(islice(source, size())):
        yield chunk
