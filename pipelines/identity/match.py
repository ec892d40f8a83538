"""The entry point of matching: records and decisions in, cards to be out.

Pure: the outcome depends on the set of records and decisions alone, not on their order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipelines.identity.decisions import ContradictionError, read_decisions
from pipelines.identity.features import Features, features
from pipelines.identity.organizations import RULES as ORGANIZATION_RULES
from pipelines.identity.organizations import Organizations, match_organizations
from pipelines.identity.people import People, match_people
from pipelines.identity.providers import REASON, as_public, crowds, providers
from pipelines.identity.records import no_garbage_collection
from pipelines.identity.same_person import with_same_person
from pipelines.identity.shared_mailboxes import without_shared_mailboxes
from pipelines.identity.words import person_rule

LINK_COLUMNS = ["entity", "left", "right", "rule", "score", "explanation"]
REVIEW_COLUMNS = ["entity", "left", "right", "score", "reason"]
GUARD_COLUMNS = ["key_kind", "key_value", "reason", "people", "organizations"]


@dataclass(frozen=True)
class Matching:
    """Who is who, by position in the records frame.

    Frames: links (entity, left, right, rule, score, explanation), reviews (entity, left, right, score,
    reason), guards (key_kind, key_value, reason, people, organizations); left and right are row positions.
    """

    person: npt.NDArray[np.int64]  # cluster label, -1 where the record carries no person
    organization: npt.NDArray[np.int64]  # label, -1 for none; for a person: the one they act for
    organization_rule: npt.NDArray[np.object_]  # why, None where there is none
    links: pd.DataFrame
    reviews: pd.DataFrame
    guards: pd.DataFrame


def match(records: pd.DataFrame, decisions: pd.DataFrame) -> Matching:
    """Match source records into persons and organisations.

    Args:
        records: one row per source record. Columns source, source_id, first_name, last_name, full_name,
            emails (list of raw texts), phones (list of raw texts), company_name, organization_number,
            company_ref, is_private, is_inactive, address, postal_code, city, website, changed_at, created_at,
            and for brreg_unit organization_form, unit_status, parent_number, former_names. Missing values
            are None.
        decisions: rows of crm.match_decision.

    Raises:
        ContradictionError: when decisions contradict each other.
        ValueError: when a record comes from an unknown source.
    """
    with no_garbage_collection():
        data = features(records)
        return match_features(as_public(data, providers(data, crowds(data))), decisions)


def match_features(data: Features, decisions: pd.DataFrame) -> Matching:
    """As `match`, on records that have been read into keys, providers found; positions are in their frame."""
    decided = read_decisions(decisions, data)
    organizations = match_organizations(data, decided)
    people = match_people(data, organizations, decided)
    organizations = without_shared_mailboxes(data, organizations)
    return _in_given_order(data, with_same_person(data, organizations, people.label), people)


def _in_given_order(data: Features, organizations: Organizations, people: People) -> Matching:
    size = len(data)
    person, organization = np.full(size, -1, dtype=np.int64), np.full(size, -1, dtype=np.int64)
    rule = np.full(size, None, dtype=object)
    person[data.order] = people.label
    organization[data.order] = organizations.label
    rule[data.order] = organizations.rule
    return Matching(
        person=person,
        organization=organization,
        organization_rule=rule,
        links=_links(data, organizations, people),
        reviews=_reviews(data, organizations, people),
        guards=pd.DataFrame(
            [*people.guards, *organizations.guards, *_providers(data)], columns=GUARD_COLUMNS
        ),
    )


def _providers(data: Features) -> list[tuple[str, str, str, None, int]]:
    return [("domain", domain, REASON, None, names) for domain, names in sorted(data.providers.items())]


def _links(data: Features, organizations: Organizations, people: People) -> pd.DataFrame:
    rows = np.flatnonzero(~data.has_person & (organizations.label >= 0))
    anchor = organizations.anchor[organizations.label[rows]] if len(rows) else rows
    rows, anchor = rows[rows != anchor], anchor[rows != anchor]
    rule = organizations.rule[rows]
    of_organizations = pd.DataFrame(
        {
            "entity": "organization",
            "left": data.order[anchor],
            "right": data.order[rows],
            "rule": rule,
            "score": organizations.score[rows],
            "explanation": [ORGANIZATION_RULES.get(name, str(name)) for name in rule],
        }
    )
    edges = people.edges
    of_people = pd.DataFrame(
        {
            "entity": "person",
            "left": data.order[np.array([edge.left for edge in edges], dtype=np.int64)],
            "right": data.order[np.array([edge.right for edge in edges], dtype=np.int64)],
            "rule": [edge.rule for edge in edges],
            "score": [edge.score for edge in edges],
            "explanation": [person_rule(edge.rule) for edge in edges],
        }
    )
    return pd.concat([of_organizations, of_people], ignore_index=True)[LINK_COLUMNS]


def _reviews(data: Features, organizations: Organizations, people: People) -> pd.DataFrame:
    lines = [
        (entity, int(data.order[left]), int(data.order[right]), round(score, 4), reason)
        for entity, reviews in (("organization", organizations.reviews), ("person", people.reviews))
        for left, right, score, reason in reviews
    ]
    frame = pd.DataFrame(lines, columns=REVIEW_COLUMNS)
    return (
        frame.sort_values("score", ascending=False, kind="stable")
        .drop_duplicates(["entity", "left", "right"])
        .reset_index(drop=True)
    )


__all__ = ["ContradictionError", "Matching", "match", "match_features"]
