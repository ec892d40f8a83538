"""Loads and validates policy.yaml: the privacy statement as data.

Every rule of the engine (what is read, kept, sent, erased) is looked up here, so a policy that
contradicts itself is refused before anything runs, with the line to mend.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
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
    PrivateAttr,
    StringConstraints,
    ValidationError,
    model_validator,
)

POLICY_FILE = Path(__file__).with_name("policy.yaml")

DataClass = Literal["controller", "processor", "system"]
LegalRole = Literal["processor", "own_system", "public_authority", "controller", "own_staff"]


Place = tuple[str | int, ...]
"""Where in the file something stands: `("retention", 3, "period")`."""


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


def _in_both(value: object) -> object:
    return {"nb": value, "en": value} if isinstance(value, str) else value


Named = Annotated[Bilingual, BeforeValidator(_in_both)]
"""A text in both languages, or one that reads the same in both: a company's name."""


class Controller(_Rule):
    name: str
    organization_number: Annotated[str, StringConstraints(pattern=r"^\d{9}$")]
    contact: str


class Clause(_Rule):
    title: Bilingual
    promise: Bilingual


class Purpose(_Rule):
    """Why data are processed, on which legal basis (a key of LEGAL_BASES), and whose they are."""

    clauses: Annotated[tuple[str, ...], Field(min_length=1)]
    legal_basis: str
    text: Bilingual
    people: Bilingual


class DataRule(_Rule):
    """Why a table exists: its class, the clauses that allow it and the purposes it serves."""

    data_class: DataClass = Field(alias="class")
    clauses: Annotated[tuple[str, ...], Field(min_length=1)]
    purposes: Annotated[tuple[str, ...], Field(min_length=1)]


class Request(_Rule):
    """One kind of request a recipient may be sent.

    `path` is a template (`/v2/customers/{id}`); `query` and `body` are the only names that may be
    sent; `allow` ties a path variable to a named allow-list that the egress layer is given. `discloses`
    names, by the field that carries it, the categories the recipient learns and did not have from us or by
    itself before. MAIL is a message by a mail server; its `body` names what of it is ours.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "MAIL"]
    path: Annotated[str, StringConstraints(pattern=r"^/")]
    query: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    allow: dict[str, str] = {}
    discloses: dict[str, tuple[str, ...]] = {}

    @model_validator(mode="after")
    def _names_only_what_can_be_sent(self) -> Self:
        variables = set(re.findall(r"{(\w+)}", self.path))
        if unknown := set(self.allow) - variables:
            raise ValueError(f"allow names {sorted(unknown)}, which the path does not hold")
        if unknown := set(self.discloses) - {*variables, *self.query, *self.body}:
            raise ValueError(f"discloses names {sorted(unknown)}, which the request does not carry")
        return self

    def disclosed(self, fields: Iterable[str]) -> tuple[str, ...]:
        """The categories that a request with these fields (path, query, body) tells its recipient."""
        return tuple(sorted({category for name in fields for category in self.discloses.get(name, ())}))


class Recipient(_Rule):
    """Someone who may be asked or told something, and exactly what.

    Systems are sent `requests` at the address in `setting`. People of the controller's own (`own_staff`:
    GDPR art. 29, no recipients in the sense of art. 4(9)) are handed files with the categories in `receives`.
    """

    name: Named
    role: LegalRole
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    purposes: Annotated[tuple[str, ...], Field(min_length=1)]
    setting: Annotated[str, StringConstraints(pattern=r"^[A-Z_]+_URL$")] | None = None
    requests: tuple[Request, ...] = ()
    receives: tuple[str, ...] = ()
    transfer: Named | None = None

    @model_validator(mode="after")
    def _is_sent_requests_or_handed_files(self) -> Self:
        is_staff = self.role == "own_staff"
        if is_staff != bool(self.receives) or is_staff == bool(self.setting and self.requests):
            raise ValueError("give setting and requests, or, for own_staff alone, receives")
        if is_staff and (self.setting or self.requests):
            raise ValueError("own_staff is handed files and sent no requests")
        return self

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


class Copy(_Rule):
    """What is kept beside the tables: logs of runs, write-ahead log, backups."""

    id: RuleId
    what: Bilingual
    period: IsoPeriod
    clause: str
    basis: Bilingual


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
    copies: tuple[Copy, ...] = ()
    _file: str = PrivateAttr("policy.yaml")
    _lines: Mapping[Place, int] = PrivateAttr(default_factory=dict)

    def at(self, place: Place, problem: str) -> str:
        """A problem with where to mend it: `policy.yaml line 12 (data.crm.person): …`.

        At the nearest place that has a line; without one for a policy that was not read from a file.
        """
        return _located(self._file, self._lines, place, problem)

    def copy_period(self, copy_id: str) -> str:
        """The period (ISO 8601) of what is kept beside the tables. Raises KeyError for an unknown id."""
        return {copy.id: copy.period for copy in self.copies}[copy_id]

    def retention_of(self, table: str) -> RetentionRule:
        """The rule for `schema.table`: its own, else the one for `schema.*`.

        Raises KeyError when the policy has none; `load_policy` has made sure that it does.
        """
        rules = {rule.data: rule for rule in self.retention}
        return rules.get(table) or rules[f"{table.split('.')[0]}.*"]

    def tables_of_class(self, data_class: DataClass) -> frozenset[str]:
        """Names (`schema.table`) of the tables of one class."""
        return frozenset(name for name, rule in self.data.items() if rule.data_class == data_class)


CARD_TABLES = frozenset({"crm.person", "crm.organization"})
"""The tables of cards, made anew from landing: a hold on one is on what it is made from."""

NAMED_BY_ID = "a card is named by its id, as crm.source_link has it"
"""What is said where it is named otherwise."""

PROCESSOR_CLAUSE = "S5"
"""The clause under which data are held for customers and passed on to nobody."""

LEGAL_BASES: Mapping[str, Bilingual] = {
    name: Bilingual(nb=nb, en=en)
    for name, nb, en in (
        ("gdpr-6-1-a", "Samtykke (GDPR art. 6 nr. 1 a)", "Consent (GDPR art. 6(1)(a))"),
        ("gdpr-6-1-b", "Avtale (GDPR art. 6 nr. 1 b)", "Contract (GDPR art. 6(1)(b))"),
        ("gdpr-6-1-c", "Rettslig forpliktelse (GDPR art. 6 nr. 1 c)", "Legal obligation (GDPR art. 6(1)(c))"),
        (
            "gdpr-6-1-f",
            "Berettiget interesse (GDPR art. 6 nr. 1 f)",
            "Legitimate interests (GDPR art. 6(1)(f))",
        ),
        ("gdpr-28", "Databehandleravtale (GDPR art. 28)", "Contract as processor (GDPR art. 28)"),
    )
}
"""On what processing can rest here. Vital interests and public tasks (6(1)(d) and (e)) are no company's."""

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
    tree, document = _parsed(path)
    lines: dict[Place, int] = dict(_lines(tree)) if tree is not None else {(): 1}
    try:
        policy = Policy.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise PolicyError(_located(path.name, lines, first["loc"], first["msg"])) from None
    policy._file, policy._lines = path.name, lines
    for location, problem in _contradictions(policy):
        raise PolicyError(policy.at(location, problem))
    return policy


class _Loader(yaml.SafeLoader):
    """Leaves days as texts, so that one that is none is refused with its line, as everything else is."""


_Loader.yaml_implicit_resolvers = {
    sign: [one for one in resolvers if one[0] != "tag:yaml.org,2002:timestamp"]
    for sign, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _parsed(path: Path) -> tuple[yaml.Node | None, Any]:
    """The file as a tree, which knows lines, and as a document. Raises PolicyError."""
    try:
        text = path.read_text(encoding="utf-8")
        tree, document = yaml.compose(text, Loader=_Loader), yaml.load(text, Loader=_Loader)  # noqa: S506  # safe
    except OSError as error:
        raise PolicyError(f"{path.name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise PolicyError(f"{path.name} line {line}: is not UTF-8") from None
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        raise PolicyError(f"{path.name} line {line}: {error.reason}") from None
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 1
        problem = getattr(error, "problem", None) or "is not YAML"
        raise PolicyError(f"{path.name} line {line}: {problem}") from None
    for name, line in _doubled(tree) if tree is not None else ():
        raise PolicyError(f"{path.name} line {line}: {name} is given twice")
    return tree, document


Problems = Iterator[tuple[Place, str]]


def _contradictions(policy: Policy) -> Problems:
    """What single parts cannot know about each other, as (place in the document, problem)."""
    yield from _unknown_names(policy)
    yield from _data_problems(policy)
    yield from _recipient_problems(policy)
    yield from _retention_problems(policy)
    yield from _hold_problems(policy)


def _unknown_names(policy: Policy) -> Problems:
    for place, kind, names, known in _references(policy):
        for at, name in enumerate(names):
            if name not in known:
                yield (*place, at), f"unknown {kind} {name}"


def _references(policy: Policy) -> Iterator[tuple[Place, str, Iterable[str], Collection[str]]]:
    """(where, what, names, those that there are) of every place that names something declared elsewhere."""
    for name, purpose in policy.purposes.items():
        yield ("purposes", name, "clauses"), "clause", purpose.clauses, policy.clauses
        yield ("purposes", name, "legal_basis"), "legal basis", [purpose.legal_basis], LEGAL_BASES
    for name, data in policy.data.items():
        yield ("data", name, "clauses"), "clause", data.clauses, policy.clauses
        yield ("data", name, "purposes"), "purpose", data.purposes, policy.purposes
    for name, recipient in policy.recipients.items():
        here: Place = ("recipients", name)
        yield (*here, "purposes"), "purpose", recipient.purposes, policy.purposes
        yield (*here, "receives"), "category", recipient.receives, policy.categories
        for at, request in enumerate(recipient.requests):
            for carrier, told in request.discloses.items():
                place = (*here, "requests", at, "discloses", carrier)
                yield place, "category", told, policy.categories
    for at, rule in enumerate(policy.retention):
        yield ("retention", at, "clause"), "clause", [rule.clause], policy.clauses
    for at, copy in enumerate(policy.copies):
        yield ("copies", at, "clause"), "clause", [copy.clause], policy.clauses


def _data_problems(policy: Policy) -> Problems:
    """A table serves purposes of its own clauses only, and processor data serves the customers alone."""
    for name, rule in policy.data.items():
        for purpose in rule.purposes:
            covered = policy.purposes[purpose].clauses if purpose in policy.purposes else rule.clauses
            if not set(covered) & set(rule.clauses):
                yield ("data", name, "purposes"), f"purpose {purpose} is covered by none of its clauses"
            if rule.data_class == "processor" and set(covered) != {PROCESSOR_CLAUSE}:
                yield (
                    ("data", name, "purposes"),
                    f"participants' data may not serve {purpose} (clause {PROCESSOR_CLAUSE})",
                )
    for name in policy.clauses:
        if not any(name in rule.clauses for rule in policy.data.values()):
            yield ("clauses", name), f"no data are listed under clause {name}"


def _recipient_problems(policy: Policy) -> Problems:
    for name, recipient in policy.recipients.items():
        for purpose in recipient.purposes:
            if purpose in policy.purposes and policy.purposes[purpose].clauses == (PROCESSOR_CLAUSE,):
                yield (
                    ("recipients", name, "purposes"),
                    f"clause {PROCESSOR_CLAUSE} forbids sending participants' data",
                )
        requests = [(request.method, request.path) for request in recipient.requests]
        for at, request in enumerate(requests):
            if request in requests[:at]:
                yield ("recipients", name, "requests", at), f"{' '.join(request)} is listed twice"


def _retention_problems(policy: Policy) -> Problems:
    """Every table has exactly one rule, and the rule fits what the table is."""
    seen: dict[str, str] = {}
    for at, rule in enumerate(policy.retention):
        place: Place = ("retention", at)
        table = policy.data.get(rule.data)
        if rule.data in seen:
            yield (*place, "data"), f"{rule.data} has two periods, here and in {seen[rule.data]}"
        if rule.id in seen.values():
            yield (*place, "id"), f"the id {rule.id} is given twice"
        seen[rule.data] = rule.id
        if rule.data.endswith(".*"):
            if not any(name.startswith(rule.data[:-1]) for name in policy.data):
                yield (*place, "data"), f"no table of {rule.data} is listed under data"
            continue
        if table is None:
            yield (*place, "data"), f"{rule.data} is not listed under data"
            continue
        if rule.clause not in table.clauses:
            yield (*place, "clause"), f"clause {rule.clause} is not among the clauses of {rule.data}"
        if (table.data_class == "processor") != rule.instruction_only:
            yield place, "instruction_only is for data of class processor, and for all of them (GDPR art. 28)"
    for table_name in policy.data:
        if table_name not in seen and f"{table_name.split('.')[0]}.*" not in seen:
            yield ("data", table_name), f"{table_name} has no retention rule"
    for at, rule in enumerate(policy.retention):
        if rule.follows is not None and not _is_known(policy, rule.follows):
            yield ("retention", at, "follows"), f"follows {rule.follows}, which is not listed under data"
    ids = [copy.id for copy in policy.copies]
    for at, copy_id in enumerate(ids):
        if copy_id in ids[:at]:
            yield ("copies", at, "id"), f"the id {copy_id} is given twice"


def _hold_problems(policy: Policy) -> Problems:
    """A duty to keep all rows may not be longer than the period after which they go."""
    ids = [hold.id for hold in policy.holds]
    for at, hold in enumerate(policy.holds):
        place: Place = ("holds", at)
        if hold.id in ids[:at]:
            yield (*place, "id"), f"the id {hold.id} is given twice"
        if hold.data not in policy.data:
            yield (*place, "data"), f"{hold.data} is not listed under data"
            continue
        if hold.data in CARD_TABLES and hold.value is not None:
            yield from ((place, problem) for problem in _card_problems(hold))
        elif hold.value is not None and policy.retention_of(hold.data).expires_after is None:
            yield (
                (*place, "data"),
                f"rows of {hold.data} have no period of their own: hold what they are made from",
            )
        for rule_at, rule in enumerate(policy.retention):
            if rule.data != hold.data or hold.at_least is None:
                continue
            if rule.period is None:
                kind = "follows other data" if rule.follows else "has no clock of its own"
                yield place, f"retention rule {rule.id} {kind}, so {hold.at_least} cannot be promised"
            elif _may_be_shorter(rule.period, hold.at_least):
                yield (
                    ("retention", rule_at, "period"),
                    f"{rule.period} contradicts hold {hold.id}, which keeps {hold.data} for {hold.at_least}",
                )


def _card_problems(hold: Hold) -> Iterator[str]:
    """A card is named by its id; a hold on it keeps what it is made from."""
    if hold.column != f"{hold.data.removeprefix('crm.')}_id":
        yield f"a card is named by its id, and not by {hold.column}"
    if hold.value is not None and not is_card_id(hold.value):
        yield NAMED_BY_ID


def is_card_id(text: str) -> bool:
    """Whether a text can be the id of a card."""
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def _is_known(policy: Policy, name: str) -> bool:
    """Whether a name is a table, or a database schema, of the policy."""
    return name in policy.data or any(table.startswith(f"{name}.") for table in policy.data)


def _may_be_shorter(period: str, other: str) -> bool:
    """Whether a period can end before another; a month is 28 to 31 days long."""
    if period[-1] == other[-1]:
        return int(period[1:-1]) < int(other[1:-1])
    shortest = int(period[1:-1]) * (28 if period.endswith("M") else 1)
    longest = int(other[1:-1]) * (31 if other.endswith("M") else 1)
    return shortest < longest


def _doubled(node: yaml.Node) -> Iterator[tuple[str, int]]:
    """Keys that stand twice in one mapping, with their line: YAML would keep the last without a word."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                yield key.value, key.start_mark.line + 1
            seen.add(key.value)
            yield from _doubled(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _doubled(item)


def _lines(node: yaml.Node, path: Place = ()) -> Iterator[tuple[Place, int]]:
    yield path, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _lines(value, (*path, key.value))
            yield (*path, key.value), key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _lines(value, (*path, index))


def _located(name: str, lines: Mapping[Place, int], place: Place, problem: str) -> str:
    """`policy.yaml line 12 (data.crm.person): …`, at the nearest place that has a line."""
    dotted = ".".join(str(part) for part in place)
    if not lines:
        return f"{name} ({dotted}): {problem}"
    known = next((place[:end] for end in range(len(place), -1, -1) if place[:end] in lines), ())
    return f"{name} line {lines.get(known, 1)} ({dotted}): {problem}"
