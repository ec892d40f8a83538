"""The policy as a whole: what is promised, why data are processed, who gets them, how long they live."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, PrivateAttr, StringConstraints

from schemas.policy.base import Bilingual, Part
from schemas.policy.document import Place, SourceMap
from schemas.policy.recipients import Recipient
from schemas.policy.retention import Copy, Duty, Hold, RetentionRule

DataClass = Literal["controller", "processor", "system"]

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


class Controller(Part):
    name: str
    organization_number: Annotated[str, StringConstraints(pattern=r"^\d{9}$")]
    contact: str


class Clause(Part):
    title: Bilingual
    promise: Bilingual


class Purpose(Part):
    """Why data are processed, on which legal basis (a key of LEGAL_BASES), and whose they are."""

    clauses: Annotated[tuple[str, ...], Field(min_length=1)]
    legal_basis: str
    text: Bilingual
    people: Bilingual


class DataRule(Part):
    """Why a table exists: its class, the clauses that allow it and the purposes it serves."""

    data_class: DataClass = Field(alias="class")
    clauses: Annotated[tuple[str, ...], Field(min_length=1)]
    purposes: Annotated[tuple[str, ...], Field(min_length=1)]


class Policy(Part):
    """The whole policy. Use `load_policy`, which has checked that its parts fit together."""

    version: int
    controller: Controller
    clauses: dict[str, Clause]
    purposes: dict[str, Purpose]
    categories: dict[str, Bilingual]
    data: dict[str, DataRule]
    recipients: dict[str, Recipient]
    retention: tuple[RetentionRule, ...]
    duties: tuple[Duty, ...] = ()
    holds: tuple[Hold, ...] = ()
    copies: tuple[Copy, ...] = ()
    _source: SourceMap = PrivateAttr(default=SourceMap("policy.yaml"))

    def at(self, place: Place, problem: str) -> str:
        """A problem with where to mend it: `policy.yaml line 12 (data.crm.person): …`.

        At the nearest place that has a line; without one for a policy that was not read from a file.
        """
        return self._source.locate(place, problem)

    def copy_period(self, copy_id: str) -> str:
        """The period (ISO 8601) of what is kept beside the tables. Raises KeyError for an unknown id."""
        return {copy.id: copy.period for copy in self.copies}[copy_id]

    def duty_of(self, basis: str | None) -> Duty | None:
        """The declared duty that a hold's basis names; None where it names none."""
        return next((duty for duty in self.duties if basis and duty.is_cited_by(basis)), None)

    def retention_of(self, table: str) -> RetentionRule:
        """The rule for `schema.table`: its own, else the one for `schema.*`.

        Raises KeyError when the policy has none; `load_policy` has made sure that it does.
        """
        rules = {rule.data: rule for rule in self.retention}
        return rules.get(table) or rules[f"{table.split('.')[0]}.*"]

    def tables_of_class(self, data_class: DataClass) -> frozenset[str]:
        """Names (`schema.table`) of the tables of one class."""
        return frozenset(name for name, rule in self.data.items() if rule.data_class == data_class)
