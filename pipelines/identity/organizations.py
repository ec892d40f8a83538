"""Which records belong to which organisation, anchored on the register.

An organisation number decides; else a name or a mail domain that points at exactly one organisation. What
stays undecided is not linked but put up for review. Knows nothing of persons.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from pipelines.identity.company_index import (
    ALIAS,
    CURRENT,
    FORMER,
    Candidate,
    CompanyIndex,
    compatible_names,
    domain_likeness,
)
from pipelines.identity.decisions import Decisions
from pipelines.identity.features import (
    CONTACT,
    CUSTOMER,
    HELPSCOUT,
    UNIT,
    Bools,
    Features,
    Held,
    Ints,
    Objects,
    mail_domain,
)
from pipelines.identity.normalise.lexicon import GIVEN_SKELETONS
from pipelines.identity.normalise.organizations import (
    DISTINGUISHING,
    NOTHING,
    CompanyName,
    core_of,
    names_within,
)
from pipelines.identity.normalise.text import skeleton, squashed
from pipelines.identity.organization_domains import SPELLED, owner_of
from pipelines.identity.organization_nodes import Nodes

# From so many records on, an organisation has namesakes among its people by chance.
CROWD = 1000
# A name of so many letters is recognised with a slip; a shorter one needs a second witness.
SURE_WITH_A_SLIP = 8
_GONE = frozenset({"deleted", "removed", "bankrupt"})

RULES = {
    "register": "the unit itself in the register",
    "number": "the same organisation number",
    "customer": "contact person of this customer",
    "decision": "a person decided so",
    "name_and_form": "name and legal form are those of exactly one organisation",
    "name": "the name is that of exactly one organisation",
    "similar_name": "the name is one slip away from that of exactly one organisation",
    "former_name_and_form": "a former name of exactly one organisation",
    "former_name": "a former name of exactly one organisation",
    "former_similar_name": "one slip away from a former name of exactly one organisation",
    "name_and_place": "one of several of that name, told apart by its place",
    "name_and_phone": "one of several of that name, told apart by its phone",
    "name_and_domain": "one of several of that name, told apart by its domain",
    "name_active": "the only one of that name that has not been dissolved",
    "domain": "the mail domain points at exactly one organisation",
    "domain_and_name": "the mail domain points at one organisation, whose name resembles the one written",
    "organization_group": "Help Scout keeps the person under this organisation",
    "own_name": "not in the register: the same name among customers",
    "mailbox": "an address of exactly one organisation",
    "same_person": "the same person's other records show this organisation",
}


@dataclass(frozen=True)
class Organizations:
    """Organisation of each canonical row, -1 for none; `root` is the unit on top of a sub-unit."""

    label: Ints
    root: Ints
    rule: Objects
    score: np.ndarray
    anchor: Ints  # row that stands for each label: its unit if there is one
    is_personal: Bools  # by label: a sole proprietor
    crowded: Bools  # by label: so many records act for it that two people may well share a name
    reviews: list[tuple[int, int, float, str]] = field(default_factory=list)
    guards: list[tuple[str, str, str, int | None, int | None]] = field(default_factory=list)


def match_organizations(data: Features, decisions: Decisions) -> Organizations:
    """Organisations of all records. Decisions are applied last and win."""
    return _Resolver(data, decisions).run()


@dataclass(frozen=True)
class _Facts:
    """What is known of an organisation besides its name."""

    domains: frozenset[str]
    postal_code: str | None
    city: str | None


@dataclass(frozen=True)
class _Choice:
    """What an ambiguous text means when its record says nothing more."""

    restarted: bool
    node: int | None
    rule: str


class _Resolver:
    """One pass; the state is what has been decided so far."""

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
        self._facts_of: dict[int, _Facts] = {}
        self.names_domain = np.array([site is not None for site in data.website], dtype=bool)
        self.names_domain &= ~data.is_company  # a person gives a domain for the name of an organisation
        self.lines: dict[int, set[int]] = {}  # phones on the organisations' own records
        self.owner: dict[str, int] = {}
        self.domain_votes: dict[str, Counter[int]] = {}

    def run(self) -> Organizations:
        self._register()
        self._numbers()
        self._index_names()
        self._lines()
        bearing = np.flatnonzero(self.data.is_company & (self.node < 0))
        self._by_name(bearing)
        self._customers_of_their_own(bearing)
        self._contacts()
        self._lines()
        rest = (self.node < 0) & (self.data.source != CONTACT) & ~self.data.is_company
        self._by_name(np.flatnonzero(rest & ~self.names_domain))
        self._domains()
        self._helpscout_groups()
        self._by_domain(np.flatnonzero((self.node < 0) & ~self.data.is_company & self._may_belong()))
        self._by_domain_as_name(np.flatnonzero(rest & self.names_domain & (self.node < 0)))
        self._by_written_name(np.flatnonzero((self.node < 0) & ~self.data.is_company))
        self._by_mailbox(np.flatnonzero((self.node < 0) & ~self.data.is_company & self._may_belong()))
        self._decide()
        return self._result()

    # The register and numbers.

    def _register(self) -> None:
        data = self.data
        for row in np.flatnonzero(data.source == UNIT).tolist():
            number = data.number[row] or f"unit:{data.source_id[row]}"
            node = self.known.by_number.get(number)
            if node is None:
                node = self.known.new(self._company(row), self._form(row), row, row)
                self.known.by_number[number] = node
            self._assign(row, node, "register", 1.0)
        for row in np.flatnonzero(data.source == UNIT).tolist():
            parent = self.known.by_number.get(data.parent_number[row]) if data.parent_number[row] else None
            if parent is not None and parent != self.node[row]:
                self.known.parent[int(self.node[row])] = parent
        self.known.group()

    def _form(self, row: int) -> str | None:
        """The form that the unit's name says; a sub-unit bears the name of its main unit."""
        form = self.data.form[row]
        return self._company(row).form if form is None or form in _SUB_FORMS else str(form)

    def _numbers(self) -> None:
        data = self.data
        numbered = np.array([value is not None for value in data.number], dtype=bool)
        for row in np.flatnonzero(numbered & (self.node < 0)).tolist():
            number = data.number[row]
            node = self.known.by_number.get(number)
            if node is None:
                name = self._company(row)
                node = self.known.by_number[number] = self.known.new(name, name.form, -1, row)
            elif self.known.unit_row[node] >= 0 and data.is_company[row]:
                self._doubt_the_number(row, node)
            self._assign(row, node, "number", 1.0)

    def _doubt_the_number(self, row: int, node: int) -> None:
        written, known = self._company(row), self.known.names[node]
        if written.core and known.core and not compatible_names(written._replace(form=None), known):
            former = {self.data.companies[at].core for at in self._former_of(self.known.unit_row[node])}
            if written.core not in former:
                self._review(
                    row, self.known.unit_row[node], 0.6, "same organisation number, names unlike each other"
                )

    # Names.

    def _index_names(self) -> None:
        data = self.data
        for node, row in enumerate(self.known.first_row):
            name = self.known.names[node]
            if name.department:  # a sub-unit that bears its department in its name
                self.index.add(_with_department(name), node, CURRENT, self.known.form[node])
            if not name.department or node not in self.known.parent:
                self.index.add(name, node, CURRENT, self.known.form[node])
            if self.known.unit_row[node] >= 0:
                for former in self._former_of(row):
                    self.index.add(data.companies[former], node, FORMER, data.companies[former].form)
                    self.known.other_names[node].append(data.companies[former])
        for row in np.flatnonzero((data.source == CUSTOMER) & (self.node >= 0)).tolist():
            name = self._company(row)
            node = int(self.node[row])
            if (
                name.core
                and name.core != self.known.names[node].core
                and not self.index.in_town(name, self._city)
            ):
                self.index.add(name, node, ALIAS, name.form)
                self.known.other_names[node].append(name)
        self.index.ready()

    def _lines(self) -> None:
        data = self.data
        held = data.phones.of_rows(data.is_company & (self.node >= 0))
        self.lines = defaultdict(set)
        for row, value in zip(held.row.tolist(), held.value.tolist(), strict=True):
            self.lines[int(self.node[row])].add(value)

    def _former_of(self, row: int) -> list[int]:
        return self.row_former[row]

    def _meant(self, company: int) -> list[Candidate]:
        """All organisations a distinct text may mean, sub-units behind their main units."""
        name = self.data.companies[company]
        if not name.core:
            return []
        found: list[Candidate] = []
        if name.department:
            found = self.index.exact(_with_department(name))
        found = found or self.index.exact(name)
        if not found and name.department and not name.form:
            found = self.index.exact(_with_department(name))
        found = found or self.index.similar(name)
        found = found or self.index.in_town(name, self._city)
        found = found or self._both_named(company)
        nodes = {candidate.node for candidate in found}
        main = [candidate for candidate in found if self.known.parent.get(candidate.node) not in nodes]
        if name.department and len(main) < len(found):
            towns = [(candidate, self._facts(candidate.node).city) for candidate in found]
            there = [candidate for candidate, town in towns if town == name.department]
            if len(there) == 1:
                return there
        return main

    def _both_named(self, company: int) -> list[Candidate]:
        """Two names in one text: a sub-unit and those above it (`Fana skole / Bergen kommune`), or a person
        and the organisation (`Kari Lie, Fjord Bakeri`).
        """
        parts = names_within(self.data.company_texts[company])
        found = [self.index.exact(name) for name in parts]
        named = {candidate.node for part in found for candidate in part}
        below = [hit for part in found for hit in part if self.known.parent.get(hit.node) in named]
        if below or len(parts) != 2:
            return below
        (person,) = (at for at in (0, 1) if not found[at]) if bool(found[0]) != bool(found[1]) else (-1,)
        return found[1 - person] if person >= 0 and _reads_as_a_person(parts[person]) else []

    def _by_name(self, rows: Ints) -> None:
        """Rows whose text means one organisation; then, with what that tells of domains, the others."""
        company = self.data.company[rows]
        self.meant: dict[int, list[Candidate]] = {
            code: self._meant(code) for code in np.unique(company[company >= 0]).tolist()
        }
        sure = {
            code: found[0] for code, found in self.meant.items() if len(found) == 1 and found[0].grade > 1
        }
        if sure:
            codes = np.array(sorted(sure), dtype=np.int64)
            at = np.searchsorted(codes, company)
            at[at == len(codes)] = 0
            meant_one = codes[at] == company
            chosen = [sure[code] for code in codes.tolist()]
            hit, which = rows[meant_one], at[meant_one]
            self.node[hit] = np.array([candidate.node for candidate in chosen])[which]
            self.rule[hit] = np.array([candidate.rule for candidate in chosen], dtype=object)[which]
            self.score[hit] = np.array([_SCORES[candidate.grade] for candidate in chosen])[which]
        self._choices: dict[int, _Choice] = {}
        several: list[tuple[int, list[Candidate]]] = []
        doubtful = np.array(
            [code in self.meant and code not in sure for code in range(len(self.data.companies))] or [False],
            dtype=bool,
        )
        left = (company >= 0) & doubtful[company]
        for row, code in zip(rows[left].tolist(), company[left].tolist(), strict=True):
            candidates = self.meant[code]
            if len(candidates) == 1 and self._plausible(row, candidates[0]):
                self._assign(row, candidates[0].node, candidates[0].rule, _SCORES[candidates[0].grade])
            elif len(candidates) > 1:
                several.append((row, candidates))
        self._domains()
        for row, candidates in several:
            self._one_of(row, candidates)
        self._short_names(rows)

    def _plausible(self, row: int, candidate: Candidate) -> bool:
        """A slip needs a second witness unless the name is long and begins alike; and nothing against it."""
        if candidate.grade > 1:
            return True
        written = self._company(row)
        if self._speaks_for(row, candidate.node):
            return True
        if self._spelled(row, written) or self._elsewhere(row, candidate.node):
            return False
        initials = {known.core[:1] for known in self.known.bears(candidate.node)}
        return len(written.core) >= SURE_WITH_A_SLIP and written.core[:1] in initials

    def _spelled(self, row: int, name: CompanyName) -> bool:
        """Whether a domain of the record spells the name; one that is written so then is no slip."""
        labels = (squashed(domain.split(".", 1)[0]) for domain in self._domains_of(row))
        return any(domain_likeness(label, name) == SPELLED for label in labels)

    def _elsewhere(self, row: int, node: int) -> bool:
        """Whether record and organisation each have a town, and not the same."""
        here, there = self.data.city[row], self._facts(node).city
        return bool(here and there and here != there)

    def _speaks_for(self, row: int, node: int) -> str | None:
        """What in the record, other than the name, points at an organisation."""
        found = self._witnesses(row, [node])
        return found[0][0] if found else None

    def _witnesses(self, row: int, nodes: list[int]) -> list[tuple[str, int]]:
        """(kind, organisation) for those at which something in the record points: domain, phone or place."""
        data = self.data
        domains = self._domains_of(row)
        owners = {self.owner.get(domain) for domain in domains}
        numbers = self.row_phones[row]
        code, city = data.postal_code[row], data.city[row]
        department = data.companies[data.company[row]].department if data.company[row] >= 0 else None
        if not (domains or numbers or code or city or department):
            return []
        found: list[tuple[str, int]] = []
        for node in nodes:
            facts = self._facts(node)
            if self.known.top(node) in owners or not facts.domains.isdisjoint(domains):
                found.append(("domain", node))
            elif not self.lines.get(node, _NO_LINES).isdisjoint(numbers):
                found.append(("phone", node))
            elif (code and code == facts.postal_code) or (facts.city and facts.city in (city, department)):
                found.append(("place", node))
        return found

    def _city(self, node: int) -> str | None:
        return self._facts(node).city

    def _facts(self, node: int) -> _Facts:
        found = self._facts_of.get(node)
        if found is None:
            row = self.known.first_row[node]
            found = self._facts_of[node] = _Facts(
                domains=frozenset(self._domains_of(row)),
                postal_code=self.data.postal_code[row],
                city=self.data.city[row],
            )
        return found

    def _one_of(self, row: int, candidates: list[Candidate]) -> None:
        """One of several of that name: by domain, phone or place, else by the better fit of the name."""
        code = int(self.data.company[row])
        choice = self._choices.get(code)
        if choice is None:
            choice = self._choices[code] = self._choice(code, candidates)
        if choice.restarted:
            self._ask(row, candidates, "an organisation and the one that went on under its name")
            return
        witnesses = self._witnesses(row, [candidate.node for candidate in candidates])
        for kind in ("domain", "phone", "place"):
            with_it = [node for witness, node in witnesses if witness == kind]
            if len(with_it) == 1:
                self._assign(row, with_it[0], f"name_and_{kind}", 0.97)
                return
        if choice.node is not None:
            self._assign(row, choice.node, choice.rule, 0.93)
        else:
            self._ask(row, candidates, f"one of {len(candidates)} of that name")

    def _choice(self, code: int, candidates: list[Candidate]) -> _Choice:
        """Which of several a text means by itself: the best fit, the same words, or who is left."""
        best = max(candidates)
        written = self.data.companies[code]
        if best.grade == 1 and len(written.core) < SURE_WITH_A_SLIP:
            return _Choice(False, None, "")
        alike = [candidate for candidate in candidates if not candidate < best]
        if self._restarted(alike):
            return _Choice(True, None, "")
        same_words = [
            candidate for candidate in alike if self.known.names[candidate.node].words == written.words
        ]
        left = [candidate for candidate in alike if not self._is_gone(candidate.node)]
        for chosen, rule in ((alike, None), (same_words, None), (left, "name_active")):
            if len(chosen) == 1:
                return _Choice(False, chosen[0].node, rule or chosen[0].rule)
        return _Choice(False, None, "")

    def _restarted(self, candidates: list[Candidate]) -> bool:
        """Whether an organisation that is gone and one that is not share name and town: a new start."""
        rows = [self.known.unit_row[candidate.node] for candidate in candidates]
        gone = {self.data.city[row] for row in rows if row >= 0 and self.data.status[row] in _GONE}
        left = {self.data.city[row] for row in rows if row >= 0 and self.data.status[row] not in _GONE}
        return bool((gone & left) - {None})

    def _ask(self, row: int, candidates: list[Candidate], reason: str) -> None:
        for candidate in candidates[:3]:
            self._review(row, self.known.first_row[candidate.node], 0.5, reason)

    def _is_gone(self, node: int) -> bool:
        row = self.known.unit_row[node]
        return row >= 0 and self.data.status[row] in _GONE

    # Domains.

    def _domains_of(self, row: int) -> list[str]:
        found = [domain for at in self.row_emails[row] if (domain := self.domain_of_email[at])]
        site = self.data.website[row]
        if site and site not in found:
            found.append(site)
        return found

    def _domains(self) -> None:
        """The owner of each mail domain, as far as the rows decided so far tell."""
        data = self.data
        held = data.emails.of_rows(self.node >= 0)
        domain = self.domain_of_email[held.value] if len(held.value) else np.zeros(0, dtype=object)
        keep = np.array([value is not None for value in domain], dtype=bool)
        seen = pd.DataFrame(
            {"domain": domain[keep], "node": self.node[held.row[keep]], "email": held.value[keep]}
        ).drop_duplicates()
        declared: dict[str, set[int]] = defaultdict(set)
        for row in np.flatnonzero((self.node >= 0) & data.is_company).tolist():
            if data.website[row]:
                declared[data.website[row]].add(self.known.top(int(self.node[row])))
        votes: dict[str, Counter[int]] = defaultdict(Counter)
        counts = seen.groupby(["domain", "node"], sort=True).size()
        for name, node, count in counts.reset_index().itertuples(index=False):
            votes[str(name)][self.known.top(int(node))] += int(count)
        self.owner = {}
        self.domain_votes = votes
        guards: list[tuple[str, str, str, int | None, int | None]] = []
        for name in sorted(votes.keys() | declared.keys()):
            owner, reason = self._owner(name, votes.get(name, Counter()), declared.get(name, set()))
            if owner is not None:
                self.owner[name] = owner
            if reason:
                guards.append(("domain", name, reason, None, len(votes.get(name, {}))))
        self.guards = guards

    def _owner(self, domain: str, votes: Counter[int], declared: set[int]) -> tuple[int | None, str | None]:
        if ("domain", domain) in self.decisions.not_identifying:
            return None, "a person decided so"
        label = squashed(domain.split(".", 1)[0])
        namesakes = {node for node in self.index.any(NOTHING._replace(core=label)) if not self._is_gone(node)}
        seen = {node for node in set(votes) | declared if not self._is_gone(node)}
        return owner_of(label, seen, namesakes, votes, declared, self.known)

    def _short_names(self, rows: Ints) -> None:
        """Rows whose short text is the name of one organisation, and whose domain spells a longer one."""
        short = rows[(self.rule[rows] == "name") & (self.node[rows] >= 0)]
        for row in short.tolist():
            owners = {self.owner[domain] for domain in self._domains_of(row) if domain in self.owner}
            node = int(self.node[row])
            if len(owners) != 1 or self.known.top(node) in owners:
                continue
            (owner,) = owners
            if self._is_short_for(row, owner):
                self._assign(row, owner, "domain_and_name", 0.95)

    def _is_short_for(self, row: int, owner: int) -> bool:
        """Whether the record's domain spells a name of the owner that begins with the words written."""
        words = self._company(row).words
        longer = [name for name in self.known.bears(owner) if name.words[: len(words)] == words]
        return any(self._spelled(row, name) for name in longer)

    def _by_domain(self, rows: Ints) -> None:
        """Rows without a decided name, by the owner of their mail domain, unless they name somebody else."""
        for row in rows.tolist():
            owners = {self.owner[domain] for domain in self._domains_of(row) if domain in self.owner}
            if len(owners) != 1:
                continue
            (node,) = owners
            code = self.data.company[row]
            written = self.data.companies[code] if code >= 0 else NOTHING
            if not written.core:
                self._assign(row, node, "domain", 0.95)
                continue
            below = [child for child in self.known.below.get(node, ()) if self.known.may_mean(written, child)]
            if self.known.may_mean(written, node) or self.names_domain[row] or self._is_short_for(row, node):
                self._assign(row, node, "domain_and_name", 0.95)
            elif below:
                self._assign(row, below[0] if len(below) == 1 else node, "domain_and_name", 0.95)

    def _by_domain_as_name(self, rows: Ints) -> None:
        """Rows that give a domain for a name, at which nobody was seen: by the name that it spells."""
        for row in rows.tolist():
            if self.data.website[row] in self.domain_votes:
                continue  # it was judged, and is nobody's
            meant = self._meant(int(self.data.company[row]))
            if len(meant) == 1 and meant[0].grade > 1:
                self._assign(row, meant[0].node, meant[0].rule, _SCORES[meant[0].grade])

    # Organisations that the register does not know.

    def _customers_of_their_own(self, rows: Ints) -> None:
        """Customers without number or register entry: one card per name and place."""
        groups: dict[str, list[int]] = defaultdict(list)
        for row in rows.tolist():
            if self.node[row] >= 0 or self.data.source[row] != CUSTOMER:
                continue
            if self._near_owner(row):
                continue
            name = self._company(row)
            groups[name.full if name.core else f"row {row}"].append(row)
        for full in sorted(groups):
            for members in self._by_place(groups[full]):
                name = self._company(members[0])
                node = self.known.new(name, name.form, -1, members[0])
                self.index.add(name, node, CURRENT, name.form)
                for row in members:
                    self._assign(row, node, "own_name", 0.9)
        self.index.ready()

    def _near_owner(self, row: int) -> bool:
        owners = {self.owner[domain] for domain in self._domains_of(row) if domain in self.owner}
        if len(owners) != 1:
            return False
        (node,) = owners
        name = self._company(row)
        if not name.core or not self.known.may_mean(name, node):
            return False
        self._assign(row, node, "domain_and_name", 0.95)
        return True

    def _by_place(self, rows: list[int]) -> Iterable[list[int]]:
        """Rows of one name, apart when their postal codes differ."""
        codes = {self.data.postal_code[row] for row in rows} - {None}
        if len(codes) < 2:
            return [rows]
        places: dict[str, list[int]] = defaultdict(list)
        for row in rows:
            places[self.data.postal_code[row] or f"row {row}"].append(row)
        return list(places.values())

    def _by_written_name(self, rows: Ints) -> None:
        """Persons of organisations nobody knows: one card per name as written, unless it is ambiguous."""
        nodes: dict[str, int] = {}
        for row in rows.tolist():
            code = int(self.data.company[row])
            if code < 0 or len(self.data.companies[code].core) < 2 or len(self.meant.get(code, [])) > 1:
                continue
            name = self.data.companies[code]
            near = self.index.other_forms(name)
            for node in near[:2]:
                self._review(row, self.known.first_row[node], 0.4, "the same name in another legal form")
            node = nodes.get(name.full, -1)
            if node < 0:
                node = nodes[name.full] = self.known.new(name, name.form, -1, row)
            self._assign(row, node, "own_name", 0.8)

    # Persons by what they are filed under.

    def _contacts(self) -> None:
        data = self.data
        customers = {
            data.source_id[row]: int(self.node[row])
            for row in np.flatnonzero((data.source == CUSTOMER) & data.is_company).tolist()
        }
        for row in np.flatnonzero(data.source == CONTACT).tolist():
            node = customers.get(data.company_ref[row], -1)
            if node >= 0:
                self._assign(row, node, "customer", 1.0)

    def _helpscout_groups(self) -> None:
        """Persons filed under a Help Scout organisation whose other persons agree on one organisation."""
        data = self.data
        members: dict[str, list[int]] = defaultdict(list)
        for row in np.flatnonzero(data.source == HELPSCOUT).tolist():
            if data.company_ref[row]:
                members[data.company_ref[row]].append(row)
        for rows in members.values():
            counts = Counter(int(self.node[row]) for row in rows if self.node[row] >= 0)
            if len(counts) != 1:
                continue
            (node,) = counts
            for row in rows:
                written = self.data.companies[data.company[row]] if data.company[row] >= 0 else NOTHING
                if self.node[row] < 0 and (not written.core or self.known.may_mean(written, node)):
                    self._assign(row, node, "organization_group", 0.95)

    def _may_belong(self) -> Bools:
        """Private customers act for themselves."""
        result: Bools = self.data.source != CUSTOMER
        return result

    def _by_mailbox(self, rows: Ints) -> None:
        """Rows with an address that stands on exactly one organisation's own record."""
        data = self.data
        owned = data.emails.of_rows(data.is_company & (self.node >= 0))
        nodes: dict[int, set[int]] = defaultdict(set)
        for row, value in zip(owned.row.tolist(), owned.value.tolist(), strict=True):
            nodes[value].add(self.known.top(int(self.node[row])))
        mine = data.emails.of_rows(np.isin(np.arange(self.size), rows))
        for row, value in zip(mine.row.tolist(), mine.value.tolist(), strict=True):
            found = nodes.get(value, set())
            if len(found) == 1 and self.node[row] < 0 and data.company[row] < 0:
                domain = data.email_values[value].domain
                if domain not in self.owner or self.owner[domain] in found:
                    self._assign(row, next(iter(found)), "mailbox", 0.9)

    # What a person decided.

    def _decide(self) -> None:
        organizational = [pair for pair in self.decisions.same if self._both_bear(pair)]
        for left, right in organizational:
            if self.node[left] < 0 and self.node[right] < 0:
                self.node[left] = self.known.new(self._company(left), None, -1, left)
            keep, gone = (left, right) if self.node[left] >= 0 else (right, left)
            if self.node[gone] >= 0 and self.known.unit_row[int(self.node[gone])] >= 0:
                keep, gone = gone, keep
            old, new = int(self.node[gone]), int(self.node[keep])
            if old != new:
                moved = self.node == old if old >= 0 else np.isin(np.arange(self.size), [gone])
                self.node[moved] = new
                self.rule[moved & (np.arange(self.size) == gone)] = "decision"
        for left, right in self.decisions.different:
            if (
                not self._both_bear((left, right))
                or self.node[left] != self.node[right]
                or self.node[left] < 0
            ):
                continue
            leaves = (
                right
                if self.data.source[left] == UNIT
                or (self.data.source[right] != UNIT and self.score[left] >= self.score[right])
                else left
            )
            with_it = self.decisions.same_group(leaves)
            node = self.known.new(self._company(leaves), None, -1, leaves)
            for row in with_it:
                if self.node[row] == self.node[leaves] and row != leaves:
                    self.node[row] = node
            self.node[leaves] = node
            self.rule[leaves] = "decision"

    def _both_bear(self, pair: tuple[int, int]) -> bool:
        return all(not self.data.has_person[row] for row in pair)

    # Odds and ends.

    def _company(self, row: int) -> CompanyName:
        code = self.data.company[row]
        return self.data.companies[code] if code >= 0 else NOTHING

    def _assign(self, row: int, node: int, rule: str, score: float) -> None:
        self.node[row] = node
        self.rule[row] = rule
        self.score[row] = score

    def _review(self, left: int, right: int, score: float, reason: str) -> None:
        if left != right and not self.decisions.decided(left, right):
            self.reviews.append((left, right, score, reason))

    def _result(self) -> Organizations:
        """Nodes renumbered by the first canonical row that belongs to each."""
        used, label = np.unique(self.node, return_inverse=True)
        first = np.full(len(used), self.size, dtype=np.int64)
        np.minimum.at(first, label, np.arange(self.size))
        order = [at for at in np.argsort(first, kind="stable").tolist() if used[at] >= 0]
        rank = np.full(len(used), -1, dtype=np.int64)
        rank[order] = np.arange(len(order))
        final = rank[label]
        nodes = [int(used[at]) for at in order]
        where = {node: at for at, node in enumerate(nodes)}
        root = np.array(
            [where.get(self.known.top(node), at) for at, node in enumerate(nodes)] or [-1], dtype=np.int64
        )
        anchor = np.array(
            [
                self.known.unit_row[node] if self.known.unit_row[node] >= 0 else first[at]
                for node, at in zip(nodes, order, strict=True)
            ],
            dtype=np.int64,
        )
        return Organizations(
            label=final,
            root=np.where(final >= 0, root[final], -1),
            rule=self.rule,
            score=self.score,
            anchor=anchor,
            crowded=np.bincount(root[final[final >= 0]], minlength=len(nodes)) >= CROWD,
            is_personal=np.array([self.known.form[node] == "ENK" for node in nodes], dtype=bool),
            reviews=self.reviews,
            guards=self.guards,
        )


_NO_LINES: frozenset[int] = frozenset()
_SUB_FORMS = frozenset({"BEDR", "AAFY"})
_SCORES = {3: 0.99, 2: 0.97, 1: 0.92}


def _reads_as_a_person(name: CompanyName) -> bool:
    """Whether what stands in a company's place is the name of somebody there."""
    is_given = bool(name.words) and skeleton(name.words[0]) in GIVEN_SKELETONS
    return is_given and len(name.words) > 1 and name.form is None and DISTINGUISHING.isdisjoint(name.words)


def _with_department(name: CompanyName) -> CompanyName:
    department = name.department or ""
    words = (*name.words, department)
    return name._replace(core=core_of(words), words=words, department=None)


__all__ = ["RULES", "Held", "Organizations", "match_organizations"]
