"""Which records belong to which organisation, anchored on the register.

An organisation number decides; else a name or a mail domain that points at exactly one organisation. What
stays undecided is not linked but put up for review. Knows nothing of persons.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pipelines.identity.decisions import Decisions
from pipelines.identity.features import CONTACT, Bools, Features, Ints, Objects
from pipelines.identity.organization_by_domain import by_domain, learn_owners
from pipelines.identity.organization_decisions import decide
from pipelines.identity.organization_filing import by_customer, by_helpscout_group, by_mailbox, may_belong
from pipelines.identity.organization_names import by_domain_as_name, by_name
from pipelines.identity.organization_register import by_number, index_names, read_register
from pipelines.identity.organization_state import Resolution
from pipelines.identity.organization_unregistered import by_written_name, customers_of_their_own

# From so many records on, an organisation has namesakes among its people by chance.
CROWD = 1000

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
    "name_and_neighbours": "one of several of that name, the one that others at its domain are from or near",
    "name_and_own_domain": "one of several of that name, the one whose domain was not known yet",
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
    crowded: Bools  # by label: so many records act for it that two people may well share a name
    reviews: list[tuple[int, int, float, str]] = field(default_factory=list)
    guards: list[tuple[str, str, str, int | None, int | None]] = field(default_factory=list)


def match_organizations(data: Features, decisions: Decisions) -> Organizations:
    """Organisations of all records. Decisions are applied last and win."""
    state = Resolution(data, decisions)
    read_register(state)
    by_number(state)
    index_names(state)
    state.note_lines()
    bearing = np.flatnonzero(state.data.is_company & (state.node < 0))
    by_name(state, bearing)
    customers_of_their_own(state, bearing)
    by_customer(state)
    state.note_lines()
    rest = (state.node < 0) & (state.data.source != CONTACT) & ~state.data.is_company
    by_name(state, np.flatnonzero(rest & ~state.names_domain))
    learn_owners(state)
    by_helpscout_group(state)
    by_domain(state, np.flatnonzero((state.node < 0) & ~state.data.is_company & may_belong(state)))
    by_domain_as_name(state, np.flatnonzero(rest & state.names_domain & (state.node < 0)))
    by_written_name(state, np.flatnonzero((state.node < 0) & ~state.data.is_company))
    by_mailbox(state, np.flatnonzero((state.node < 0) & ~state.data.is_company & may_belong(state)))
    decide(state)
    return _result(state)


def _result(state: Resolution) -> Organizations:
    """Nodes renumbered by the first canonical row that belongs to each."""
    used, label = np.unique(state.node, return_inverse=True)
    first = np.full(len(used), state.size, dtype=np.int64)
    np.minimum.at(first, label, np.arange(state.size))
    order = [at for at in np.argsort(first, kind="stable").tolist() if used[at] >= 0]
    rank = np.full(len(used), -1, dtype=np.int64)
    rank[order] = np.arange(len(order))
    final = rank[label]
    nodes = [int(used[at]) for at in order]
    where = {node: at for at, node in enumerate(nodes)}
    root = np.array(
        [where.get(state.known.top(node), at) for at, node in enumerate(nodes)] or [-1], dtype=np.int64
    )
    anchor = np.array(
        [
            state.known.unit_row[node] if state.known.unit_row[node] >= 0 else first[at]
            for node, at in zip(nodes, order, strict=True)
        ],
        dtype=np.int64,
    )
    return Organizations(
        label=final,
        root=np.where(final >= 0, root[final], -1),
        rule=state.rule,
        score=state.score,
        anchor=anchor,
        crowded=np.bincount(root[final[final >= 0]], minlength=len(nodes)) >= CROWD,
        reviews=state.reviews,
        guards=state.guards,
    )
