"""Organisations of persons by what they are filed under: a customer, a group in Help Scout, a mailbox."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np

from pipelines.identity.features import CONTACT, CUSTOMER, HELPSCOUT, Bools, Ints
from pipelines.identity.normalise.organizations import NOTHING
from pipelines.identity.organization_state import Resolution


def by_customer(state: Resolution) -> None:
    """Contact persons, by the customer whose they are."""
    data = state.data
    customers = {
        data.source_id[row]: int(state.node[row])
        for row in np.flatnonzero((data.source == CUSTOMER) & data.is_company).tolist()
    }
    for row in np.flatnonzero(data.source == CONTACT).tolist():
        node = customers.get(data.company_ref[row], -1)
        if node >= 0:
            state.assign(row, node, "customer", 1.0)


def by_helpscout_group(state: Resolution) -> None:
    """Persons filed under a Help Scout organisation whose other persons agree on one organisation."""
    data = state.data
    members: dict[str, list[int]] = defaultdict(list)
    for row in np.flatnonzero(data.source == HELPSCOUT).tolist():
        if data.company_ref[row]:
            members[data.company_ref[row]].append(row)
    for rows in members.values():
        counts = Counter(int(state.node[row]) for row in rows if state.node[row] >= 0)
        if len(counts) != 1:
            continue
        (node,) = counts
        for row in rows:
            written = state.data.companies[data.company[row]] if data.company[row] >= 0 else NOTHING
            if state.node[row] < 0 and (not written.core or state.known.may_mean(written, node)):
                state.assign(row, node, "organization_group", 0.95)


def may_belong(state: Resolution) -> Bools:
    """Private customers act for themselves."""
    result: Bools = state.data.source != CUSTOMER
    return result


def by_mailbox(state: Resolution, rows: Ints) -> None:
    """Rows with an address that stands on exactly one organisation's own record."""
    data = state.data
    owned = data.somebodys_emails().of_rows(data.is_company & (state.node >= 0))
    nodes: dict[int, set[int]] = defaultdict(set)
    for row, value in zip(owned.row.tolist(), owned.value.tolist(), strict=True):
        nodes[value].add(state.known.top(int(state.node[row])))
    mine = data.emails.of_rows(np.isin(np.arange(state.size), rows))
    for row, value in zip(mine.row.tolist(), mine.value.tolist(), strict=True):
        found = nodes.get(value, set())
        if len(found) == 1 and state.node[row] < 0 and data.company[row] < 0:
            domain = data.email_values[value].domain
            if domain not in state.owner or state.owner[domain] in found:
                state.assign(row, next(iter(found)), "mailbox", 0.9)
