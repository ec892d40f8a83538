"""Whom a mailbox at a public provider stands for, when an organisation gives it as its own.

It may be the firm's, or its owner's, whose children are signed up with it: who else writes from there acts
for themselves until they say otherwise. Must not know how persons or organisations were found.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np

from pipelines.identity.features import Features
from pipelines.identity.guards import OWN, fit
from pipelines.identity.normalise.names import Relation, relation
from pipelines.identity.organizations import Organizations

RULE = "mailbox"


def without_shared_mailboxes(data: Features, organizations: Organizations) -> Organizations:
    """The organisations without those that records got from a public mailbox alone that several people use.

    A record without a name keeps it, and so does the person whose own name the address spells. Needs every
    record of a person that holds one of the addresses.
    """
    public = np.array(
        [value.is_public and not value.is_placeholder for value in data.email_values] or [False], dtype=bool
    )
    by_mailbox = np.asarray(organizations.rule == RULE)
    held = data.emails.of_rows(by_mailbox & data.has_person)
    asked = {data.email_values[value].key for value in held.value[public[held.value]].tolist()}
    if not asked:
        return organizations
    wanted = np.array([value.key in asked for value in data.email_values], dtype=bool)
    users: dict[str, list[int]] = defaultdict(list)
    everybody = data.emails.of_rows(data.has_person).where(wanted)
    for row, value in zip(everybody.row.tolist(), everybody.value.tolist(), strict=True):
        users[data.email_values[value].key].append(row)
    lost = np.zeros(len(data), dtype=bool)
    for key, rows in users.items():
        names = {row: data.names[data.name[row]] for row in rows}
        distinct = set(names.values())
        for row in rows:
            mine = names[row]
            lost[row] |= (
                mine.kind != "none"
                and any(relation(mine, other) in (Relation.CONFLICT, Relation.RENAMED) for other in distinct)
                and fit(key.partition("@")[0], mine) < OWN
            )
    lost &= by_mailbox
    rule = organizations.rule.copy()
    rule[lost] = None
    return replace(
        organizations,
        label=np.where(lost, -1, organizations.label),
        root=np.where(lost, -1, organizations.root),
        rule=rule,
        score=np.where(lost, np.nan, organizations.score),
    )
