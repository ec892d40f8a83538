"""Organisations by the register and by number: the units, who is below whom, and the names they go by."""

from __future__ import annotations

import numpy as np

from pipelines.identity.company_index import ALIAS, CURRENT, FORMER, compatible_names
from pipelines.identity.features import CUSTOMER, UNIT
from pipelines.identity.normalise.organizations import with_department
from pipelines.identity.organization_state import Resolution

_SUB_FORMS = frozenset({"BEDR", "AAFY"})


def read_register(state: Resolution) -> None:
    """The units, and who is below whom."""
    data = state.data
    for row in np.flatnonzero(data.source == UNIT).tolist():
        number = data.number[row] or f"unit:{data.source_id[row]}"
        node = state.known.by_number.get(number)
        if node is None:
            node = state.known.new(state.company_of(row), _form(state, row), row, row)
            state.known.by_number[number] = node
        state.assign(row, node, "register", 1.0)
    for row in np.flatnonzero(data.source == UNIT).tolist():
        parent = state.known.by_number.get(data.parent_number[row]) if data.parent_number[row] else None
        if parent is not None and parent != state.node[row]:
            state.known.parent[int(state.node[row])] = parent
    state.known.group()


def _form(state: Resolution, row: int) -> str | None:
    """The form that the unit's name says; a sub-unit bears the name of its main unit."""
    form = state.data.form[row]
    return state.company_of(row).form if form is None or form in _SUB_FORMS else str(form)


def by_number(state: Resolution) -> None:
    """Records that give an organisation number; one whose name is another's is put up for review."""
    data = state.data
    numbered = np.array([value is not None for value in data.number], dtype=bool)
    for row in np.flatnonzero(numbered & (state.node < 0)).tolist():
        number = data.number[row]
        node = state.known.by_number.get(number)
        if node is None:
            name = state.company_of(row)
            node = state.known.by_number[number] = state.known.new(name, name.form, -1, row)
        elif state.known.unit_row[node] >= 0 and data.is_company[row]:
            _doubt_the_number(state, row, node)
        state.assign(row, node, "number", 1.0)


def _doubt_the_number(state: Resolution, row: int, node: int) -> None:
    written, known = state.company_of(row), state.known.names[node]
    if written.core and known.core and not compatible_names(written._replace(form=None), known):
        former = {state.data.companies[at].core for at in state.former_of(state.known.unit_row[node])}
        if written.core not in former:
            state.review(
                row, state.known.unit_row[node], 0.6, "same organisation number, names unlike each other"
            )


def index_names(state: Resolution) -> None:
    """The names that the organisations met so far bear, bore, and are given by their customers' records."""
    data = state.data
    for node, row in enumerate(state.known.first_row):
        name = state.known.names[node]
        if name.department:  # a sub-unit that bears its department in its name
            state.index.add(with_department(name), node, CURRENT, state.known.form[node])
        if not name.department or node not in state.known.parent:
            state.index.add(name, node, CURRENT, state.known.form[node])
        if state.known.unit_row[node] >= 0:
            for former in state.former_of(row):
                state.index.add(data.companies[former], node, FORMER, data.companies[former].form)
                state.known.other_names[node].append(data.companies[former])
    for row in np.flatnonzero((data.source == CUSTOMER) & (state.node >= 0)).tolist():
        name = state.company_of(row)
        node = int(state.node[row])
        if (
            name.core
            and name.core != state.known.names[node].core
            and not state.index.in_town(name, state.city)
        ):
            state.index.add(name, node, ALIAS, name.form)
            state.known.other_names[node].append(name)
    state.index.ready()
