"""Loads and validates policy.yaml: the privacy statement as data.

Every rule of the engine (what is read, kept, sent, erased) is looked up here, so a policy that
contradicts itself is refused before anything runs, with the line to mend.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

POLICY_FILE = Path(__file__).with_name("policy.yaml")

DataClass = Literal["controller", "processor", "system"]
LegalRole = Literal["processor", "own_system", "public_authority", "controller"]


class PolicyError(ValueError):
    """The policy file cannot be used; the message names file, line and what to mend."""


class _Rule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _one_or_more(value: object) -> object:
    return (value,) if isinstance(value, str) else value


class Bilingual(_Rule):
    """One text in Norwegian (bokmål) and English, both required."""

    nb: Annotated[str, StringConstraints(min_length=2)]
    en: Annotated[str, StringConstraints(min_length=2)]


class Controller(_Rule):
    name: str
    organization_number: Annotated[str, StringConstraints(pattern=r"^\d{9}$")]
    contact: str


class Clause(_Rule):
    title: Bilingual
    promise: Bilingual


class Purpose(_Rule):
    clauses: Annotated[tuple[str, ...], Field(min_length=1)]
    legal_basis: Annotated[str, StringConstraints(pattern=r"^gdpr-[0-9a-z-]+$")]
    text: Bilingual


class DataRule(_Rule):
    """Why a table exists: its class, the clauses that allow it and the purposes it serves."""

    data_class: DataClass = Field(alias="class")
    clauses: Annotated[tuple[str, ...], Field(min_length=1)]
    purposes: Annotated[tuple[str, ...], Field(min_length=1)]


class Request(_Rule):
    """One kind of request a recipient may be sent.

    `path` is a template (`/v2/customers/{id}`); `query` and `body` are the only names that may be
    sent; `allow` ties a path variable to a named allow-list that the egress layer is given.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: Annotated[str, StringConstraints(pattern=r"^/")]
    query: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    allow: dict[str, str] = {}

    @model_validator(mode="after")
    def _allow_lists_name_variables_of_the_path(self) -> Self:
        unknown = set(self.allow) - set(re.findall(r"{(\w+)}", self.path))
        if unknown:
            raise ValueError(f"allow names {sorted(unknown)}, which the path does not hold")
        return self


class Recipient(_Rule):
    """Someone who may be asked or told something, and exactly what."""

    name: str
    setting: Annotated[str, StringConstraints(pattern=r"^[A-Z_]+_URL$")]
    role: LegalRole
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    purposes: Annotated[tuple[str, ...], Field(min_length=1)]
    requests: tuple[Request, ...]
    transfer: str | None = None

    @model_validator(mode="after")
    def _leaving_the_eea_needs_a_transfer_mechanism(self) -> Self:
        if self.country not in EEA and not self.transfer:
            raise ValueError("a recipient outside the EEA needs `transfer` (GDPR art. 44 to 49)")
        return self


IsoPeriod = Annotated[str, StringConstraints(pattern=r"^P[1-9]\d*[DM]$")]
RuleId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$")]


class RetentionRule(_Rule):
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


class Hold(_Rule):
    """A duty to keep. Either of some rows (`column` has `value`) until a day, or of all for a period.

    `until`: rows of `data` whose `column` has `value` are kept until the end of that day.
    `at_least`: no row of `data` may go before that period is over; a shorter retention period is refused.
    """

    id: RuleId
    data: str
    reason: Bilingual
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


class Policy(_Rule):
    """The whole policy. Use `load_policy`, which has checked that its parts fit together."""

    version: int
    controller: Controller
    clauses: dict[str, Clause]
    purposes: dict[str, Purpose]
    categories: dict[str, Bilingual]
    data: dict[str, DataRule]
    recipients: dict[str, Recipient]
    retention: tuple[RetentionRule, ...]
    holds: tuple[Hold, ...] = ()

    def retention_of(self, table: str) -> RetentionRule:
        """The rule for `schema.table`: its own, else the one for `schema.*`.

        Raises KeyError when the policy has none; `load_policy` has made sure that it does.
        """
        rules = {rule.data: rule for rule in self.retention}
        return rules.get(table) or rules[f"{table.split('.')[0]}.*"]

    def tables_of_class(self, data_class: DataClass) -> frozenset[str]:
        """Names (`schema.table`) of the tables of one class."""
        return frozenset(name for name, rule in self.data.items() if rule.data_class == data_class)


# The European Economic Area, by ISO 3166 code: GDPR art. 44 starts where this ends.
EEA = frozenset(
    "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE IS LI NO".split()
)


@cache
def load_policy(path: Path = POLICY_FILE) -> Policy:
    """Read the policy file.

    Raises PolicyError (one line: file, line number, what to mend) for a file that is not YAML,
    lacks a part, names an unknown clause, purpose or table, or covers a table twice or not at all.
    """
    try:
        text = path.read_text(encoding="utf-8")
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        document = yaml.safe_load(text)
    except OSError as error:
        raise PolicyError(f"{path.name} cannot be read: {error.strerror}") from None
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 1
        problem = getattr(error, "problem", None) or "is not YAML"
        raise PolicyError(f"{path.name} line {line}: {problem}") from None
    lines = dict(_lines(tree)) if tree is not None else {}
    try:
        policy = Policy.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise PolicyError(_located(path, lines, first["loc"], first["msg"])) from None
    for location, problem in _contradictions(policy):
        raise PolicyError(_located(path, lines, location, problem))
    return policy


def _contradictions(policy: Policy) -> Iterator[tuple[tuple[Any, ...], str]]:
    """What single parts cannot know about each other, as (place in the document, problem)."""
    for name, purpose in policy.purposes.items():
        for clause in purpose.clauses:
            if clause not in policy.clauses:
                yield ("purposes", name), f"unknown clause {clause}"
    for name, rule in policy.data.items():
        for clause in rule.clauses:
            if clause not in policy.clauses:
                yield ("data", name), f"unknown clause {clause}"
        for purpose_name in rule.purposes:
            if purpose_name not in policy.purposes:
                yield ("data", name), f"unknown purpose {purpose_name}"
    for name, recipient in policy.recipients.items():
        for purpose_name in recipient.purposes:
            if purpose_name not in policy.purposes:
                yield ("recipients", name), f"unknown purpose {purpose_name}"
            elif policy.purposes[purpose_name].clauses == ("S5",):
                yield ("recipients", name), "clause S5 forbids sending participants' data"
    seen: dict[str, str] = {}
    for index, retention in enumerate(policy.retention):
        place = ("retention", index)
        if retention.clause not in policy.clauses:
            yield place, f"unknown clause {retention.clause}"
        if retention.data in seen:
            yield place, f"{retention.data} has two periods, here and in {seen[retention.data]}"
        seen[retention.data] = retention.id
        if not retention.data.endswith(".*") and retention.data not in policy.data:
            yield place, f"{retention.data} is not listed under data"
    for table in policy.data:
        if table not in seen and f"{table.split('.')[0]}.*" not in seen:
            yield ("data", table), f"{table} has no retention rule"
    for index, hold in enumerate(policy.holds):
        if hold.data not in policy.data:
            yield ("holds", index), f"{hold.data} is not listed under data"


def _lines(node: yaml.Node, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], int]]:
    yield path, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _lines(value, (*path, key.value))
            yield (*path, key.value), key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _lines(value, (*path, index))


def _located(path: Path, lines: dict[tuple[Any, ...], int], place: tuple[Any, ...], problem: str) -> str:
    """`policy.yaml line 12 (data.crm.person): …`, at the nearest place that has a line."""
    known = next((place[:end] for end in range(len(place), -1, -1) if place[:end] in lines), ())
    dotted = ".".join(str(part) for part in place)
    return f"{path.name} line {lines.get(known, 1)} ({dotted}): {problem}"
