"""Golden records: the cards that follow from records, clusters and ids, with an origin for each value.

A pure function on frames. Which claim wins is data (survivorship.py); what a value looks like on a card is
`written.py` and the key functions. Must not know the database.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pipelines.identity import golden_organizations, golden_people
from pipelines.identity.golden_material import CONTACT_KINDS, Origins, Sources
from pipelines.identity.ledger import Assignment
from pipelines.identity.survivorship import SURVIVORSHIP, Objects, claims, objects

if TYPE_CHECKING:
    from pipelines.identity.match import Matching


@dataclass(frozen=True, slots=True)
class Cards:
    """Everything on the cards: one frame per table of the crm schema, rows in key order."""

    person: pd.DataFrame
    organization: pd.DataFrame
    person_email: pd.DataFrame
    person_phone: pd.DataFrame
    affiliation: pd.DataFrame
    source_link: pd.DataFrame
    field_origin: pd.DataFrame


def golden(
    records: pd.DataFrame,
    matching: Matching,
    people: Assignment,
    organizations: Assignment,
    *,
    own_domains: Collection[str] = (),
    survivorship: Mapping[str, tuple[str, ...]] = SURVIVORSHIP,
) -> Cards:
    """The cards of all clusters.

    `own_domains` are the mail domains of the company itself: whoever has an address there is internal.
    """
    sources = Sources(records, matching, people, organizations, survivorship)
    origins = Origins(sources)
    person, person_email, person_phone = golden_people.people(sources, origins, own_domains)
    organization = golden_organizations.organizations(sources, origins)
    return Cards(
        person=person,
        organization=organization,
        person_email=person_email,
        person_phone=person_phone,
        affiliation=_affiliations(sources),
        source_link=_links(sources),
        field_origin=origins.frame(),
    )


def _affiliations(sources: Sources) -> pd.DataFrame:
    """crm.affiliation: each pair of person and organisation once, with the record that shows it best."""
    rows = np.flatnonzero((sources.person >= 0) & (sources.organization >= 0))
    organizations = max(len(sources.organizations.ids), 1)
    kinds = (
        pd.Series(sources.source[rows], dtype=object)
        .map(CONTACT_KINDS)
        .fillna("support_contact")
        .to_numpy(object)
    )
    pairs, pair = np.unique(
        sources.person[rows] * organizations + sources.organization[rows], return_inverse=True
    )
    found = claims(rows, pair, kinds, np.full(len(rows), True, dtype=object))
    best = sources.winners("person.affiliation", [found])
    person, organization = np.divmod(pairs[best.card], organizations)
    return pd.DataFrame(
        {
            "person_id": objects(sources.people.ids)[person],
            "organization_id": objects(sources.organizations.ids)[organization],
            "source": sources.source[best.row],
            "source_id": sources.column("source_id")[best.row],
            "rule": [rule or "source" for rule in sources.rule[best.row]],
        }
    )


def _links(sources: Sources) -> pd.DataFrame:
    """crm.source_link: every record, with its cards."""

    def ids(assignment: Assignment) -> Objects:
        return objects([*assignment.ids, None])[assignment.card]

    return pd.DataFrame(
        {
            "source": sources.source,
            "source_id": sources.column("source_id"),
            "person_id": ids(sources.people),
            "organization_id": ids(sources.organizations),
        }
    )
