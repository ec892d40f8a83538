"""One pass over the records: which organisation each belongs to so far, and the facts that are asked for.

Must not decide anything.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipelines.identity.company_index import Candidate, CompanyIndex
from pipelines.identity.decisions import Decisions
from pipelines.identity.features import Features, mail_domain
from pipelines.identity.normalise.organizations import NOTHING, CompanyName
from pipelines.identity.organization_nodes import Nodes

if TYPE_CHECKING:
    from pipelines.identity.organization_namesakes import Namesakes

GONE = frozenset({"deleted", "removed", "bankrupt"})


@dataclass(frozen=True)
class Facts:
    """What is known of an organisation besides its name."""

    domains: frozenset[str]
    postal_code: str | None
    city: str | None


@dataclass(frozen=True)
class Choice:
    """What an ambiguous text means when its record says nothing more."""

    restarted: bool
    node: int | None
    rule: str


class Resolution:
    """What has been decided so far, and what is known of the organisations that were met."""

    def __init__(self, data: Features, decisions: Decisions) -> None:
        self.data = data
        self.decisions = decisions
        self.size = len(data)
        self.node = np.full(self.size, -1, dtype=np.int64)
        self.rule = np.full(self.size, None, dtype=object)
        self.score = np.full(self.size, np.nan)
        self.known = Nodes()
        self.index = CompanyIndex()
        self.reviews: list[tuple[int, int, float, str]] = []
        self.guards: list[tuple[str, str, str, int | None, int | None]] = []
        self.domain_of_email = np.array(
            [mail_domain(value) for value in data.email_values] or [None], dtype=object
        )
        self.row_emails = data.emails.by_row(self.size)
        self.row_phones = data.phones.by_row(self.size)
        self.row_former = data.former.by_row(self.size)
        self.facts_of: dict[int, Facts] = {}
        self.names_domain = np.array([site is not None for site in data.website], dtype=bool)
        self.names_domain &= ~data.is_company  # a person gives a domain for the name of an organisation
        self.lines: dict[int, set[int]] = {}  # phones on the organisations' own records
        self.owner: dict[str, int] = {}
        self.owners: frozenset[int] = frozenset()  # those that own a domain
        self.domain_votes: dict[str, Counter[int]] = {}
        self.meant: dict[int, list[Candidate]] = {}  # organisations that a distinct text may mean
        self.choices: dict[int, Choice] = {}
        self.namesakes: dict[int, Namesakes] = {}  # by distinct text

    def company_of(self, row: int) -> CompanyName:
        """The name that a record gives, taken apart."""
        code = self.data.company[row]
        return self.data.companies[code] if code >= 0 else NOTHING

    def assign(self, row: int, node: int, rule: str, score: float) -> None:
        """A record belongs to an organisation, by a rule."""
        self.node[row] = node
        self.rule[row] = rule
        self.score[row] = score

    def see_at_domains(self, row: int) -> None:
        """Count an assigned record's addresses for its organisation, until the domains are judged again."""
        node = self.known.top(int(self.node[row]))
        for domain in self.domains_of(row):
            self.domain_votes.setdefault(domain, Counter())[node] += 1

    def review(self, left: int, right: int, score: float, reason: str) -> None:
        """A pair to be decided about, unless it has been."""
        if left != right and not self.decisions.decided(left, right):
            self.reviews.append((left, right, score, reason))

    def domains_of(self, row: int) -> list[str]:
        """The mail domains and the web site of a record."""
        found = [domain for at in self.row_emails[row] if (domain := self.domain_of_email[at])]
        site = self.data.website[row]
        if site and site not in found:
            found.append(site)
        return found

    def facts(self, node: int) -> Facts:
        """Domains and place of an organisation, by its first record."""
        found = self.facts_of.get(node)
        if found is None:
            row = self.known.first_row[node]
            found = self.facts_of[node] = Facts(
                domains=frozenset(self.domains_of(row)),
                postal_code=self.data.postal_code[row],
                city=self.data.city[row],
            )
        return found

    def city(self, node: int) -> str | None:
        """The town of an organisation."""
        return self.facts(node).city

    def is_gone(self, node: int) -> bool:
        """Whether the register says that an organisation has been dissolved."""
        row = self.known.unit_row[node]
        return row >= 0 and self.data.status[row] in GONE

    def note_lines(self) -> None:
        """The telephones on the organisations' own records, as far as these are decided."""
        data = self.data
        held = data.phones.of_rows(data.is_company & (self.node >= 0))
        self.lines = defaultdict(set)
        for row, value in zip(held.row.tolist(), held.value.tolist(), strict=True):
            self.lines[int(self.node[row])].add(value)

    def former_of(self, row: int) -> list[int]:
        """The former names of a unit, by number of the distinct text."""
        return self.row_former[row]
