"""Organisations by the name that is written: the one that is meant, or one of several told apart.

What tells them apart is what the record has beside the name, or the better fit of the name.
"""

from __future__ import annotations

import numpy as np

from pipelines.identity.company_index import Candidate
from pipelines.identity.features import Ints
from pipelines.identity.normalise.lexicon import GIVEN_SKELETONS
from pipelines.identity.normalise.organizations import (
    DISTINGUISHING,
    CompanyName,
    looks_like_a_company,
    names_within,
    with_department,
)
from pipelines.identity.normalise.text import skeleton
from pipelines.identity.organization_by_domain import learn_owners, mend_short_names, spelled
from pipelines.identity.organization_namesakes import Namesakes
from pipelines.identity.organization_state import GONE, Choice, Resolution

# A name of so many letters is recognised with a slip; a shorter one needs a second witness.
SURE_WITH_A_SLIP = 8
# By the grade of a candidate.
_SCORES = {3: 0.99, 2: 0.97, 1: 0.92}
# How often what was told apart is asked to tell others apart.
ROUNDS = 3
# No name of a person has more words.
FEW_WORDS = 4


def by_name(state: Resolution, rows: Ints) -> None:
    """Rows whose text means one organisation; then, with what that tells of domains, the others."""
    company = state.data.company[rows]
    state.meant = {code: _meant(state, code) for code in np.unique(company[company >= 0]).tolist()}
    sure = {code: found[0] for code, found in state.meant.items() if len(found) == 1 and found[0].grade > 1}
    if sure:
        codes = np.array(sorted(sure), dtype=np.int64)
        at = np.searchsorted(codes, company)
        at[at == len(codes)] = 0
        meant_one = codes[at] == company
        chosen = [sure[code] for code in codes.tolist()]
        hit, which = rows[meant_one], at[meant_one]
        state.node[hit] = np.array([candidate.node for candidate in chosen])[which]
        state.rule[hit] = np.array([candidate.rule for candidate in chosen], dtype=object)[which]
        state.score[hit] = np.array([_SCORES[candidate.grade] for candidate in chosen])[which]
    state.choices, state.namesakes = {}, {}
    several: list[tuple[int, list[Candidate]]] = []
    doubtful = np.array(
        [code in state.meant and code not in sure for code in range(len(state.data.companies))] or [False],
        dtype=bool,
    )
    left = (company >= 0) & doubtful[company]
    for row, code in zip(rows[left].tolist(), company[left].tolist(), strict=True):
        candidates = state.meant[code]
        if len(candidates) == 1 and _plausible(state, row, candidates[0]):
            state.assign(row, candidates[0].node, candidates[0].rule, _SCORES[candidates[0].grade])
        elif len(candidates) > 1:
            several.append((row, candidates))
    learn_owners(state)
    for row, candidates in _not_told_apart(state, several):
        choice = _choice_of(state, row, candidates)
        if choice.node is not None:
            state.assign(row, choice.node, choice.rule, 0.93)
        elif choice.restarted:
            _ask(state, row, candidates, "an organisation and the one that went on under its name")
        else:
            _ask(state, row, candidates, f"one of {len(candidates)} of that name")
    mend_short_names(state, rows)


def _not_told_apart(
    state: Resolution, several: list[tuple[int, list[Candidate]]]
) -> list[tuple[int, list[Candidate]]]:
    """The rows, of those that may mean several, that nothing tells apart; the others are assigned.

    Those told apart in one round tell in the next whom of that name others at their domains mean.
    """
    left, asked = dict(several), [row for row, _ in several]
    for _ in range(ROUNDS):
        found = [(row, meant) for row in asked if (meant := _one_of(state, row, left[row])) is not None]
        for row, meant in found:
            del left[row]
            state.assign(row, *meant)
            state.see_at_domains(row)
        news = {domain for row, _ in found for domain in state.domains_of(row)}
        asked = [row for row in left if not news.isdisjoint(state.domains_of(row))]
    return list(left.items())


def _meant(state: Resolution, company: int) -> list[Candidate]:
    """All organisations a distinct text may mean, sub-units behind their main units."""
    name = state.data.companies[company]
    if not name.core:
        return []
    found: list[Candidate] = []
    if name.department:
        found = state.index.exact(with_department(name))
    found = found or state.index.exact(name)
    if not found and name.department and not name.form:
        found = state.index.exact(with_department(name))
    found = found or state.index.similar(name)
    found = found or state.index.in_town(name, state.city)
    found = found or _both_named(state, company)
    nodes = {candidate.node for candidate in found}
    main = [candidate for candidate in found if state.known.parent.get(candidate.node) not in nodes]
    if name.department and len(main) < len(found):
        towns = [(candidate, state.facts(candidate.node).city) for candidate in found]
        there = [candidate for candidate, town in towns if town == name.department]
        if len(there) == 1:
            return there
    return main


def _both_named(state: Resolution, company: int) -> list[Candidate]:
    """Two names in one text: a sub-unit and those above it (`Fana skole / Bergen kommune`), or a person
    and the organisation (`Kari Lie, Fjord Bakeri`).
    """
    parts = names_within(state.data.company_texts[company])
    found = [state.index.exact(name) for name in parts]
    named = {candidate.node for part in found for candidate in part}
    below = [hit for part in found for hit in part if state.known.parent.get(hit.node) in named]
    if below or len(parts) != 2:
        return below
    (other,) = (at for at in (0, 1) if not found[at]) if bool(found[0]) != bool(found[1]) else (-1,)
    if other < 0:
        return []
    whole = len(parts[1 - other].words) > 1 or parts[1 - other].form is not None
    return found[1 - other] if _reads_as_a_person(parts[other], whole=whole) else []


def names_that_decide(text: str) -> tuple[CompanyName, ...]:
    """Those of the names in a text by whose organisations `_both_named` decides.

    A sub-unit and the one above it are tied by their numbers, so that either leads to both: the town that
    stands last (`Fjord Bakeri, Bergen`) need not lead to everybody who names it. Where one may be a person,
    it matters whether an organisation is called so.
    """
    parts = names_within(text)
    if len(parts) == 2 and any(_reads_as_a_person(part, whole=True) for part in parts):
        return parts
    return parts[:-1]


def _plausible(state: Resolution, row: int, candidate: Candidate) -> bool:
    """A slip needs a second witness unless the name is long and begins alike; and nothing against it."""
    if candidate.grade > 1:
        return True
    written = state.company_of(row)
    if _namesakes(state, row, [candidate]).speaks_for_one(row):
        return True
    if spelled(state, row, written) or _elsewhere(state, row, candidate.node):
        return False
    initials = {known.core[:1] for known in state.known.bears(candidate.node)}
    return len(written.core) >= SURE_WITH_A_SLIP and written.core[:1] in initials


def _elsewhere(state: Resolution, row: int, node: int) -> bool:
    """Whether record and organisation each have a town, and not the same."""
    here, there = state.data.city[row], state.facts(node).city
    return bool(here and there and here != there)


def _one_of(state: Resolution, row: int, candidates: list[Candidate]) -> tuple[int, str, float] | None:
    """One of several of that name, with rule and score, by what the record has beside the name."""
    if _choice_of(state, row, candidates).restarted:
        return None
    return _namesakes(state, row, candidates).meant(row)


def _namesakes(state: Resolution, row: int, candidates: list[Candidate]) -> Namesakes:
    code = int(state.data.company[row])
    found = state.namesakes.get(code)
    if found is None:
        nodes = [candidate.node for candidate in candidates]
        found = state.namesakes[code] = Namesakes(state, nodes)
    return found


def _choice_of(state: Resolution, row: int, candidates: list[Candidate]) -> Choice:
    code = int(state.data.company[row])
    choice = state.choices.get(code)
    if choice is None:
        choice = state.choices[code] = _choice(state, code, candidates)
    return choice


def _choice(state: Resolution, code: int, candidates: list[Candidate]) -> Choice:
    """Which of several a text means by itself: the best fit, the same words, or who is left."""
    best = max(candidates)
    written = state.data.companies[code]
    if best.grade == 1 and len(written.core) < SURE_WITH_A_SLIP:
        return Choice(False, None, "")
    alike = [candidate for candidate in candidates if not candidate < best]
    if _restarted(state, alike):
        return Choice(True, None, "")
    same_words = [
        candidate for candidate in alike if state.known.names[candidate.node].words == written.words
    ]
    left = [candidate for candidate in alike if not state.is_gone(candidate.node)]
    for chosen, rule in ((alike, None), (same_words, None), (left, "name_active")):
        if len(chosen) == 1:
            return Choice(False, chosen[0].node, rule or chosen[0].rule)
    return Choice(False, None, "")


def _restarted(state: Resolution, candidates: list[Candidate]) -> bool:
    """Whether an organisation that is gone and one that is not share name and town: a new start."""
    rows = [state.known.unit_row[candidate.node] for candidate in candidates]
    gone = {state.data.city[row] for row in rows if row >= 0 and state.data.status[row] in GONE}
    left = {state.data.city[row] for row in rows if row >= 0 and state.data.status[row] not in GONE}
    return bool((gone & left) - {None})


def _ask(state: Resolution, row: int, candidates: list[Candidate], reason: str) -> None:
    for candidate in candidates[:3]:
        state.review(row, state.known.first_row[candidate.node], 0.5, reason)


def by_domain_as_name(state: Resolution, rows: Ints) -> None:
    """Rows that give a domain for a name, at which nobody was seen: by the name that it spells."""
    for row in rows.tolist():
        if state.data.website[row] in state.domain_votes:
            continue  # it was judged, and is nobody's
        meant = _meant(state, int(state.data.company[row]))
        if len(meant) == 1 and meant[0].grade > 1:
            state.assign(row, meant[0].node, meant[0].rule, _SCORES[meant[0].grade])


def _reads_as_a_person(name: CompanyName, *, whole: bool) -> bool:
    """Whether what stands beside an organisation's name is that of somebody there.

    Beside a `whole` name of several words two words or more do that no organisation has in its name.
    """
    if len(name.words) < 2 or name.form is not None or not DISTINGUISHING.isdisjoint(name.words):
        return False
    if skeleton(name.words[0]) in GIVEN_SKELETONS:
        return True
    return whole and len(name.words) <= FEW_WORDS and not looks_like_a_company(" ".join(name.words))
