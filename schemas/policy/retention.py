"""How long data live: retention rules, duties to keep, and what is kept beside the tables."""

from __future__ import annotations

import re
import uuid
from datetime import date
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from schemas.policy.base import Bilingual, Part


def _is_period(text: str) -> str:
    if not re.fullmatch(r"P[1-9][0-9]*[DM]", text):
        # Whoever changes the policy need not know patterns.
        raise PydanticCustomError("period", "a period is written P14D for 14 days or P36M for 36 months")
    return text


IsoPeriod = Annotated[str, AfterValidator(_is_period)]
RuleId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$")]

CARD_TABLES = frozenset({"crm.person", "crm.organization"})
"""The tables of cards, made anew from landing: a hold on one is on what it is made from."""

NAMED_BY_ID = "a card is named by its id, as crm.source_link has it"
"""What is said where it is named otherwise."""


def _one_or_more(value: object) -> object:
    return (value,) if isinstance(value, str) else value


class RetentionRule(Part):
    """How long one table's rows live. Exactly one of the four kinds is given.

    `clock` + `period` (ISO 8601, months or days): so long after the clock column; of several columns the
    first that has a value. `follows`: as long as the data it is made from, because it is rebuilt from it.
    `at_source`: while the record is at its source, and that long after it is gone there.
    `instruction_only`: never by the engine alone (GDPR art. 28(3)(a)).
    `rewrite`: how long after a deletion the table's files may still hold what was deleted.
    """

    id: RuleId
    data: Annotated[str, StringConstraints(pattern=r"^[a-z_]+\.([a-z_]+|\*)$")]
    clause: str
    basis: Bilingual
    clock: Annotated[tuple[str, ...], BeforeValidator(_one_or_more)] = ()
    period: IsoPeriod | None = None
    follows: str | None = None
    at_source: IsoPeriod | None = None
    instruction_only: bool = False
    rewrite: IsoPeriod | None = None

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> Self:
        kinds = [self.period is not None, bool(self.follows), bool(self.at_source), self.instruction_only]
        if sum(kinds) != 1 or bool(self.clock) != (self.period is not None):
            raise ValueError("give exactly one of: clock with period, follows, at_source, instruction_only")
        return self

    @property
    def expires_after(self) -> str | None:
        """The period that the engine counts, None where it counts none."""
        return self.period or self.at_source

    @property
    def clock_columns(self) -> tuple[str, ...]:
        """The columns the period is counted from; the first that has a value counts."""
        return ("deleted_at_source",) if self.at_source else self.clock


class Duty(Part):
    """A law that demands data to be kept, and what a person whose data it keeps is told of it.

    `cites`: how the basis of a hold names it, e.g. `bokføringsloven § 13`; what follows says more of it.
    `withheld`: by which exception from the right of access the person is not told.
    """

    id: RuleId
    cites: Annotated[tuple[str, ...], Field(min_length=1)]
    text: Bilingual
    withheld: Bilingual | None = None

    def is_cited_by(self, basis: str) -> bool:
        """Whether a hold's basis names it: `§ 13 annet ledd` does, `§ 130`, `§ 13-2` and `§ 13 a` do not."""
        return any(
            re.match(rf"{re.escape(_plain(cite))}(?![\w-]| [a-zæøå]\b)", _plain(basis)) for cite in self.cites
        )


def _plain(citation: str) -> str:
    """However it is spaced and capitalised."""
    return " ".join(citation.casefold().replace("§", "§ ").split())


class Hold(Part):
    """A duty to keep. Either of some rows (`column` has `value`) until a day, or of all for a period.

    `until`: rows of `data` whose `column` has `value` are kept until the end of that day.
    `duty`: which of `duties` it is, so that persons can be told; their pages say no more of a hold.
    `at_least`: no row of `data` may go before that period is over; a shorter retention period is refused.
    """

    id: RuleId
    data: str
    reason: Bilingual
    duty: RuleId | None = None
    column: str | None = None
    value: str | None = None
    until: date | None = None
    at_least: IsoPeriod | None = None

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> Self:
        some_rows = (self.column, self.value, self.until)
        if (self.at_least is None) != all(some_rows) or any(some_rows) != all(some_rows):
            raise ValueError("give either column, value and until, or at_least")
        return self


class Copy(Part):
    """What is kept beside the tables: logs of runs, write-ahead log, backups."""

    id: RuleId
    what: Bilingual
    period: IsoPeriod
    clause: str
    basis: Bilingual


def is_card_id(text: str) -> bool:
    """Whether a text can be the id of a card."""
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
