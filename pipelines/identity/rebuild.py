"""The whole way from landing tables to cards: read, match, name, make golden, publish."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import sqlalchemy as sa

from pipelines.identity.golden import Cards, golden
from pipelines.identity.ledger import Assignment, Entity, assign
from pipelines.identity.match import Matching, match
from pipelines.identity.publish import (
    Ledger,
    Limits,
    Published,
    ever_used,
    merge_rules,
    publish,
    read_previous,
    take_turn,
)
from pipelines.identity.records import canonical_order, read_records, record_keys
from pipelines.store.bulk import Written, read_frame
from schemas.policy import load_policy
from schemas.tables import crm

Matcher = Callable[[pd.DataFrame, pd.DataFrame], Matching]

# An organisation's own records decide which one it is; the persons who act for it only break ties.
_BEARER_WEIGHT = 1_000_000


@dataclass(frozen=True, slots=True)
class IdentityReport:
    """What a rebuild found and did, in numbers.

    `links` are merges by rule, `affiliations` persons at organisations by rule, `seconds` the time of each
    step, `written` the rows changed by table.
    """

    records: int
    people: int
    organizations: int
    links: Mapping[str, int]
    affiliations: Mapping[str, int]
    reviews: int
    guards: int
    created: int
    merged: int
    split: int
    erased: int
    largest_person: int
    largest_organization: int
    written: Mapping[str, Written]
    seconds: Mapping[str, float]

    @property
    def changed(self) -> int:
        """Rows changed in all tables together; 0 when the cards were as they should be."""
        return sum(written.changed for written in self.written.values())


def rebuild(
    engine: sa.Engine,
    run_id: str,
    *,
    matcher: Matcher = match,
    limits: Limits | None = None,
    own_domains: Collection[str] | None = None,
) -> IdentityReport:
    """Make all cards anew from the landing tables and write what differs, in one transaction.

    A second call changes nothing. `own_domains` are the company's own mail domains (default: that of the
    controller's contact in the policy). Raises ContradictionError, PublishRefused or InvariantError; the
    store is as it was then.
    """
    clock = _Clock()
    with (
        engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection,
        connection.begin(),
    ):
        take_turn(connection)
        records = read_records(connection)
        decisions = read_frame(connection, sa.select(crm.match_decision))
        clock.lap("read")
        matching = matcher(records, decisions)
        clock.lap("match")
        ledger = name_clusters(connection, records, matching)
        clock.lap("ids")
        cards = golden(
            records,
            matching,
            ledger.people,
            ledger.organizations,
            own_domains=controller_domains() if own_domains is None else own_domains,
        )
        clock.lap("golden")
        published = publish(connection, records, matching, cards, ledger, run_id=run_id, limits=limits)
    clock.lap("publish")
    return _report(records, matching, cards, ledger, published, clock.seconds)


def name_clusters(connection: sa.Connection, records: pd.DataFrame, matching: Matching) -> Ledger:
    """The lasting ids of all clusters, by the links and aliases in the store."""
    keys, order = record_keys(records), canonical_order(records)
    bears = (matching.person < 0) & records["source"].isin(["brreg_unit", "tripletex_customer"]).to_numpy()
    rules: dict[str, str] = {}

    def named(entity: Entity, labels: np.ndarray, weight: np.ndarray | None) -> Assignment:
        previous = read_previous(connection, keys, entity)
        assignment = assign(
            entity,
            keys,
            order,
            labels,
            previous,
            weight=weight,
            used=lambda ids: ever_used(connection, entity, ids),
        )
        if assignment.count("MERGED"):
            rules.update(merge_rules(matching, entity, previous))
        return assignment

    people = named("person", matching.person, None)
    organizations = named("organization", matching.organization, np.where(bears, _BEARER_WEIGHT, 1))
    return Ledger(people, organizations, rules)


def controller_domains() -> frozenset[str]:
    """The company's own mail domain: that of its contact address in the policy."""
    return frozenset({load_policy().controller.contact.rpartition("@")[2].lower()})


class _Clock:
    """Seconds of each step, in order."""

    def __init__(self) -> None:
        self._last = time.perf_counter()
        self.seconds: dict[str, float] = {}

    def lap(self, step: str) -> None:
        now = time.perf_counter()
        self.seconds[step] = now - self._last
        self._last = now


def _report(
    records: pd.DataFrame,
    matching: Matching,
    cards: Cards,
    ledger: Ledger,
    published: Published,
    seconds: Mapping[str, float],
) -> IdentityReport:
    return IdentityReport(
        records=len(records),
        people=published.people,
        organizations=published.organizations,
        links=_counted(matching.links["rule"]),
        affiliations=_counted(cards.affiliation["rule"]),
        reviews=len(matching.reviews),
        guards=len(matching.guards),
        created=published.created,
        merged=published.merged,
        split=published.split,
        erased=published.erased,
        largest_person=_largest(ledger.people),
        largest_organization=_largest(ledger.organizations),
        written=published.written,
        seconds=seconds,
    )


def _counted(rules: pd.Series) -> dict[str, int]:
    return {str(rule): int(count) for rule, count in rules.value_counts().sort_index().items()}


def _largest(assignment: Assignment) -> int:
    card = assignment.card[assignment.card >= 0]
    return int(np.bincount(card).max()) if len(card) else 0
