"""Organisations by mail domain: whose each domain is, and the records that show nothing else."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pandas as pd

from pipelines.identity.company_index import domain_likeness
from pipelines.identity.features import Ints
from pipelines.identity.normalise.domains import label_of
from pipelines.identity.normalise.organizations import NOTHING, CompanyName
from pipelines.identity.organization_domains import SPELLED, owner_of
from pipelines.identity.organization_state import Resolution


def learn_owners(state: Resolution) -> None:
    """The owner of each mail domain, as far as the rows decided so far tell."""
    data = state.data
    held = data.emails.of_rows(state.node >= 0)
    domain = state.domain_of_email[held.value] if len(held.value) else np.zeros(0, dtype=object)
    keep = np.array([value is not None for value in domain], dtype=bool)
    seen = pd.DataFrame(
        {"domain": domain[keep], "node": state.node[held.row[keep]], "email": held.value[keep]}
    ).drop_duplicates()
    declared: dict[str, set[int]] = defaultdict(set)
    for row in np.flatnonzero((state.node >= 0) & data.is_company).tolist():
        if data.website[row]:
            declared[data.website[row]].add(state.known.top(int(state.node[row])))
    votes: dict[str, Counter[int]] = defaultdict(Counter)
    counts = seen.groupby(["domain", "node"], sort=True).size()
    for name, node, count in counts.reset_index().itertuples(index=False):
        votes[str(name)][state.known.top(int(node))] += int(count)
    state.owner = {}
    state.domain_votes = votes
    guards: list[tuple[str, str, str, int | None, int | None]] = []
    for name in sorted(votes.keys() | declared.keys()):
        owner, reason = _owner(state, name, votes.get(name, Counter()), declared.get(name, set()))
        if owner is not None:
            state.owner[name] = owner
        if reason:
            guards.append(("domain", name, reason, None, len(votes.get(name, {}))))
    state.owners = frozenset(state.owner.values())
    state.guards = guards


def _owner(
    state: Resolution, domain: str, votes: Counter[int], declared: set[int]
) -> tuple[int | None, str | None]:
    if ("domain", domain) in state.decisions.not_identifying:
        return None, "a person decided so"
    label = label_of(domain)
    namesakes = {node for node in state.index.any(NOTHING._replace(core=label)) if not state.is_gone(node)}
    seen = {node for node in set(votes) | declared if not state.is_gone(node)}
    return owner_of(label, seen, namesakes, votes, declared, state.known)


def spelled(state: Resolution, row: int, name: CompanyName) -> bool:
    """Whether a domain of the record spells the name; one that is written so then is no slip."""
    labels = (label_of(domain) for domain in state.domains_of(row))
    return any(domain_likeness(label, name) == SPELLED for label in labels)


def mend_short_names(state: Resolution, rows: Ints) -> None:
    """Rows whose short text is the name of one organisation, and whose domain spells a longer one."""
    short = rows[(state.rule[rows] == "name") & (state.node[rows] >= 0)]
    for row in short.tolist():
        owners = {state.owner[domain] for domain in state.domains_of(row) if domain in state.owner}
        node = int(state.node[row])
        if len(owners) != 1 or state.known.top(node) in owners:
            continue
        (owner,) = owners
        if _is_short_for(state, row, owner):
            state.assign(row, owner, "domain_and_name", 0.95)


def _is_short_for(state: Resolution, row: int, owner: int) -> bool:
    """Whether the record's domain spells a name of the owner that begins with the words written."""
    words = state.company_of(row).words
    longer = [name for name in state.known.bears(owner) if name.words[: len(words)] == words]
    return any(spelled(state, row, name) for name in longer)


def by_domain(state: Resolution, rows: Ints) -> None:
    """Rows without a decided name, by the owner of their mail domain, unless they name somebody else."""
    for row in rows.tolist():
        owners = {state.owner[domain] for domain in state.domains_of(row) if domain in state.owner}
        if len(owners) != 1:
            continue
        (node,) = owners
        code = state.data.company[row]
        written = state.data.companies[code] if code >= 0 else NOTHING
        if not written.core:
            state.assign(row, node, "domain", 0.95)
            continue
        below = [child for child in state.known.below.get(node, ()) if state.known.may_mean(written, child)]
        if state.known.may_mean(written, node) or state.names_domain[row] or _is_short_for(state, row, node):
            state.assign(row, node, "domain_and_name", 0.95)
        elif below:
            state.assign(row, below[0] if len(below) == 1 else node, "domain_and_name", 0.95)
