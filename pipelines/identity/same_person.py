"""The organisation of a record that shows none, or none for sure: that of the same person's other records.

Comes after persons are matched and changes nothing about who is who. Must not know how persons or
organisations were found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace

import numpy as np

from pipelines.identity.company_index import compatible_names, domain_likeness
from pipelines.identity.features import CUSTOMER, Bools, Features, Ints, mail_domain
from pipelines.identity.normalise.domains import label_of
from pipelines.identity.normalise.organizations import NOTHING, CompanyName
from pipelines.identity.organizations import Organizations

RULE = "same_person"
# Below what any record shows of itself.
SCORE = 0.9


def with_same_person(data: Features, organizations: Organizations, person: Ints) -> Organizations:
    """The organisations, with persons' records that show none filled in from the same person's others.

    `person` is the person of each canonical row, -1 for none. A record gets the organisation on which all
    records of the person agree, or, when the person changed organisations, the one that their records on
    either side of it in time agree on. A record that names an organisation is told by those of such a name,
    also where an organisation had been made of the name as written, since nothing else knew it. One with a
    work address whose domain is unlike the name gets it only where the person named it themselves: a contact
    person under a customer may be its accountant. Private customers act for themselves.
    """
    known = (organizations.label >= 0) & ~_only_written(data, organizations)
    bare = (person >= 0) & ~known & (data.source != CUSTOMER)
    shows = (person >= 0) & known & np.isin(person, np.unique(person[bare]))
    shown: dict[int, list[int]] = defaultdict(list)
    for row in np.flatnonzero(shows).tolist():
        shown[int(person[row])].append(row)
    root_of = np.full(len(organizations.anchor), -1, dtype=np.int64)
    placed = organizations.label >= 0
    root_of[organizations.label[placed]] = organizations.root[placed]
    domain = [mail_domain(value) for value in data.email_values]
    addresses = data.emails.by_row(len(data))
    label, root = organizations.label.copy(), organizations.root.copy()
    rule, score = organizations.rule.copy(), organizations.score.copy()
    for row in np.flatnonzero(bare).tolist():
        others = shown.get(int(person[row]), [])
        domains = [name for at in addresses[row] if (name := domain[at])]
        if domains:
            others = [other for other in others if _told(data, organizations, other, domains)]
        others = [one for one in others if _may_be(data, organizations, row, int(organizations.label[one]))]
        found = _agreed(data, organizations, row, others)
        if found >= 0 and _may_be(data, organizations, row, found):
            label[row], root[row], rule[row], score[row] = found, root_of[found], RULE, SCORE
    filled = set(np.flatnonzero(label != organizations.label).tolist())
    reviews = [review for review in organizations.reviews if review[0] not in filled]
    return replace(organizations, label=label, root=root, rule=rule, score=score, reviews=reviews)


def _only_written(data: Features, organizations: Organizations) -> Bools:
    """Records of an organisation that neither the register nor a customer's record knows."""
    label = organizations.label
    known = np.zeros(len(organizations.anchor) + 1, dtype=bool)
    known[label[data.is_company]] = True
    return (label >= 0) & ~known[label]


def _told(data: Features, organizations: Organizations, other: int, domains: Collection[str]) -> bool:
    """Whether the other record names its organisation, or one of the domains looks like the name of it."""
    if data.company[other] >= 0:
        return True
    name = _name(data, organizations, int(organizations.label[other]))
    return any(domain_likeness(label_of(domain), name) for domain in domains)


def _agreed(data: Features, organizations: Organizations, row: int, others: list[int]) -> int:
    """The organisation on which the records agree that are nearest in time, -1 for none."""
    if len({int(organizations.root[other]) for other in others}) > 1:
        others = _nearest(data, row, others)
    roots = {int(organizations.root[other]) for other in others}
    if len(roots) != 1:
        return -1
    labels = {int(organizations.label[other]) for other in others}
    return labels.pop() if len(labels) == 1 else roots.pop()


def _nearest(data: Features, row: int, others: list[int]) -> list[int]:
    """Of records at different organisations, the last ones before and the first ones after the given one."""
    at, times = data.first_seen[row], data.first_seen[others]
    if np.isnan(at) or np.isnan(times).any():
        return others
    before, after = times[times <= at], times[times >= at]
    near = {*before[before == before.max(initial=-np.inf)], *after[after == after.min(initial=np.inf)]}
    return [other for other, time in zip(others, times, strict=True) if time in near]


def _may_be(data: Features, organizations: Organizations, row: int, label: int) -> bool:
    """Whether what the record itself names may be that organisation: a web address may be anyone's there."""
    if data.company[row] < 0 or data.website[row] is not None:
        return True
    written, name = data.companies[data.company[row]], _name(data, organizations, label)
    begins_alike = name.words[: len(written.words)] == written.words
    return not written.core or begins_alike or compatible_names(written, name)


def _name(data: Features, organizations: Organizations, label: int) -> CompanyName:
    """The name that the organisation's first record bears."""
    bearer = data.company[organizations.anchor[label]]
    return data.companies[bearer] if bearer >= 0 else NOTHING
