"""Organisations that the register does not know: customers of their own, and names that persons write."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from pipelines.identity.company_index import CURRENT
from pipelines.identity.features import CUSTOMER, Ints
from pipelines.identity.organization_state import Resolution


def customers_of_their_own(state: Resolution, rows: Ints) -> None:
    """Customers without number or register entry: one card per name and place."""
    groups: dict[str, list[int]] = defaultdict(list)
    for row in rows.tolist():
        if state.node[row] >= 0 or state.data.source[row] != CUSTOMER:
            continue
        if _near_owner(state, row):
            continue
        name = state.company_of(row)
        groups[name.full if name.core else f"row {row}"].append(row)
    for full in sorted(groups):
        for members in _by_place(state, groups[full]):
            name = state.company_of(members[0])
            node = state.known.new(name, name.form, -1, members[0])
            state.index.add(name, node, CURRENT, name.form)
            for row in members:
                state.assign(row, node, "own_name", 0.9)
    state.index.ready()


def _near_owner(state: Resolution, row: int) -> bool:
    owners = {state.owner[domain] for domain in state.domains_of(row) if domain in state.owner}
    if len(owners) != 1:
        return False
    (node,) = owners
    name = state.company_of(row)
    if not name.core or not state.known.may_mean(name, node):
        return False
    state.assign(row, node, "domain_and_name", 0.95)
    return True


def _by_place(state: Resolution, rows: list[int]) -> Iterable[list[int]]:
    """Rows of one name, apart when their postal codes differ."""
    codes = {state.data.postal_code[row] for row in rows} - {None}
    if len(codes) < 2:
        return [rows]
    places: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        places[state.data.postal_code[row] or f"row {row}"].append(row)
    return list(places.values())


def by_written_name(state: Resolution, rows: Ints) -> None:
    """Persons of organisations nobody knows: one card per name as written, unless it is ambiguous."""
    nodes: dict[str, int] = {}
    for row in rows.tolist():
        code = int(state.data.company[row])
        if code < 0 or len(state.data.companies[code].core) < 2 or len(state.meant.get(code, [])) > 1:
            continue
        name = state.data.companies[code]
        near = state.index.other_forms(name)
        for node in near[:2]:
            state.review(row, state.known.first_row[node], 0.4, "the same name in another legal form")
        node = nodes.get(name.full, -1)
        if node < 0:
            node = nodes[name.full] = state.known.new(name, name.form, -1, row)
        state.assign(row, node, "own_name", 0.8)
