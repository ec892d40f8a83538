"""Which organisation a company name means: an index over names in the register and among customers.

Says for each distinct text which organisations it may mean at the best grade; one means it is decided, more
mean that the record must tell them apart. Knows nothing of records.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from rapidfuzz.distance import OSA

from pipelines.identity.normalise.organizations import DISTINGUISHING, CompanyName, core_of
from pipelines.identity.slips import deletions, digits

# What a name must have to be recognised with one typing error.
SHORTEST_FUZZY = 7
CURRENT, ALIAS, FORMER = 2, 1, 0


@dataclass(frozen=True, order=True)
class Candidate:
    """An organisation a text may mean, and how well: (grade, currency) in descending order of trust."""

    grade: int  # 3 name and form, 2 name, 1 name with a slip or its town
    currency: int  # current name, a customer's own name for it, former name
    node: int = field(compare=False)

    @property
    def rule(self) -> str:
        """The rule in words, for the record of the link."""
        what = {3: "name_and_form", 2: "name", 1: "similar_name"}[self.grade]
        return f"former_{what}" if self.currency == FORMER else what


class CompanyIndex:
    """Names of organisations by key. Nodes are integers of the caller."""

    def __init__(self) -> None:
        self._by_core: dict[str, dict[tuple[int, str | None], int]] = {}
        self._prepared: set[str] = set()
        self._deletions: dict[str, set[str]] = {}

    def add(self, name: CompanyName, node: int, currency: int, form: str | None) -> None:
        """A name of an organisation; `form` is the registered form when it is known."""
        if not name.core:
            return
        entries = self._by_core.setdefault(name.core, {})
        # What the name itself says may be another form than the registered one: a `borettslag` that is none.
        for known in {form or name.form, name.form or form}:
            key = (node, known)
            entries[key] = max(entries.get(key, currency), currency)

    def ready(self) -> None:
        """Prepare the lookup of names with a slip; call after the last `add`."""
        for core in self._by_core.keys() - self._prepared:
            for key in slip_keys(core):
                self._deletions.setdefault(key, set()).add(core)
        self._prepared = set(self._by_core)

    def exact(self, name: CompanyName) -> list[Candidate]:
        """Organisations that bear or bore that name, forms permitting, in the order of their nodes."""
        found: dict[int, Candidate] = {}
        for (node, form), currency in self._by_core.get(name.core, {}).items():
            grade = _grade(name.form, form)
            if grade:
                candidate = Candidate(grade, currency, node)
                if node not in found or candidate > found[node]:
                    found[node] = candidate
        return [found[node] for node in sorted(found)]

    def any(self, name: CompanyName) -> set[int]:
        """Every organisation that bears or bore the name, in whatever legal form."""
        return {node for node, _ in self._by_core.get(name.core, {})}

    def other_forms(self, name: CompanyName) -> list[int]:
        """Organisations of that name in another legal form than the one that was written."""
        return sorted(
            {
                node
                for node, form in ((n, f) for n, f in self._by_core.get(name.core, {}))
                if not _grade(name.form, form)
            }
        )

    def similar(self, name: CompanyName) -> list[Candidate]:
        """Organisations whose name is one slip away, digits alike and forms permitting."""
        if len(name.core) < SHORTEST_FUZZY:
            return []
        near = {core for key in slip_keys(name.core) for core in self._deletions.get(key, ())}
        found: dict[int, Candidate] = {}
        for core in sorted(near):
            if OSA.distance(core, name.core, score_cutoff=1) > 1 or digits(core) != digits(name.core):
                continue
            for (node, form), currency in self._by_core[core].items():
                if _grade(name.form, form):
                    found.setdefault(node, Candidate(1, currency, node))
        return [found[node] for node in sorted(found)]

    def in_town(self, name: CompanyName, city_of: Callable[[int], str | None]) -> list[Candidate]:
        """Organisations whose name is this one without the town at its end, in that town."""
        found: dict[int, Candidate] = {}
        for core, tail in without_last_words(name):
            for hit in self.exact(name._replace(core=core)):
                if city_of(hit.node) == tail:
                    found.setdefault(hit.node, Candidate(1, hit.currency, hit.node))
        return [found[node] for node in sorted(found)]


def without_last_words(name: CompanyName) -> list[tuple[str, str]]:
    """(core, tail) of the name without its last words, which may be a town (`Skei i Jølster`)."""
    return [
        (core_of(name.words[:-cut]), core_of(name.words[-cut:]))
        for cut in (1, 2, 3)
        if len(name.words) > cut and not DISTINGUISHING.issuperset(name.words[-cut:])
    ]


def slip_keys(core: str) -> tuple[str, ...]:
    """Texts that two names one slip apart share; none for a name too short to be recognised with one."""
    return tuple(deletions(core)) if len(core) >= SHORTEST_FUZZY - 1 else ()


def _grade(written: str | None, registered: str | None) -> int:
    if written is None or registered is None:
        return 2
    if written == registered:
        return 3
    return 3 if written in ("STI", "FLI") and registered in ("STI", "FLI") else 0


def domain_likeness(label: str, name: CompanyName) -> int:
    """How much a domain's first label looks like a company's name.

    3 the same, 2 alike, 1 alike but for a word that tells members of a group apart, 0 not.

    >>> from pipelines.identity.normalise.organizations import company_name
    >>> domain_likeness("nbs", company_name("Norsk Bygg Service AS"))
    2
    >>> domain_likeness("fjord", company_name("Lysne AS"))
    0
    """
    core = name.core
    if not core or not label:
        return 0
    if label in (core, f"{core}{(name.form or '').lower()}"):
        return 3
    if len(label) >= 4 and core.startswith(label):
        # "fjord" is Fjord AS before it is Fjord Holding AS.
        return 1 if _rest_distinguishes(label, name.words) else 2
    if len(core) >= 4 and label.startswith(core):
        return 2
    if len(name.words) >= 2 and len(label) >= 2:
        initials = "".join(word[0] for word in name.words)
        if (label == initials and len(label) >= 3) or label == f"{name.words[0]}{initials[1:]}":
            return 2
    if len(label) >= 6 and OSA.distance(label, core, score_cutoff=2) <= (2 if len(label) >= 10 else 1):
        return 2
    return 0


def _rest_distinguishes(label: str, words: tuple[str, ...]) -> bool:
    for at in range(1, len(words)):
        if "".join(words[:at]) == label:
            return set(words[at:]) <= DISTINGUISHING
    return False


def compatible_names(written: CompanyName, known: CompanyName) -> bool:
    """Whether a written name may be short for or a slip of a known one, given one domain for both."""
    if not written.core or not known.core:
        return False
    if written.form and known.form and written.form != known.form:
        return False
    if (set(written.words) ^ set(known.words)) & DISTINGUISHING:
        return False
    short, long = sorted((written.core, known.core), key=len)
    if len(short) >= 3 and long.startswith(short):
        return True
    if OSA.distance(short, long, score_cutoff=3) <= max(1, min(3, len(short) // 5)):
        return True
    if set(written.words) <= set(known.words) or set(known.words) <= set(written.words):
        return True
    return domain_likeness(written.core, known) >= 2 or domain_likeness(known.core, written) >= 2
