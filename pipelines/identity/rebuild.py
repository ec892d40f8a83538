"""The whole way from landing tables to cards: read, match, name, make golden, publish."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
import sqlalchemy as sa

from pipelines.identity.affected import Affected, Moves, affected
from pipelines.identity.changes import (
    Changes,
    Keyer,
    Reached,
    blocks_of,
    find_changes,
    forget_changes,
    guards_of,
    reached,
    read_state,
    record_frame,
    rules_digest,
    write_state,
)
from pipelines.identity.features import Features, features
from pipelines.identity.golden import golden
from pipelines.identity.kept import block_rows, retied, write_blocks, write_crowds, write_keys
from pipelines.identity.kept_crowds import crowds_elsewhere
from pipelines.identity.keys import match_keys
from pipelines.identity.ledger import Assignment, Entity, Ints, assign
from pipelines.identity.match import Matching, match_features
from pipelines.identity.previous import (
    Linked,
    any_of,
    are_whole,
    ever_used,
    linked,
    merge_rules,
    read_previous,
)
from pipelines.identity.providers import Crowds, as_public, crowds, providers
from pipelines.identity.publish import (
    NO_LIMITS,
    NOTHING_PUBLISHED,
    Limits,
    Published,
    analyze,
    publish,
    take_turn,
)
from pipelines.identity.reach import Ledger, Reach, Totals
from pipelines.identity.records import (
    canonical_order,
    no_garbage_collection,
    read_records,
    record_keys,
)
from pipelines.identity.reporting import IdentityReport, count_all, moved, report
from pipelines.laps import Laps
from pipelines.store.bulk import append, read_frame
from schemas.policy import load_policy
from schemas.tables import crm

Matcher = Callable[[Features, pd.DataFrame], Matching]
"""From records and decisions to who is who, by position in the frame of the records."""

# An organisation's own records decide which one it is; the persons who act for it only break ties.
_BEARER_WEIGHT = 1_000_000

# Beyond this share of all records a refresh, which looks its rows up one by one, takes longer than a rebuild.
# Below the number either is a matter of seconds.
LARGEST_SHARE, NEVER_TOO_MANY = 0.3, 10_000


def rebuild(
    engine: sa.Engine,
    run_id: str,
    *,
    matcher: Matcher = match_features,
    keyer: Keyer = match_keys,
    limits: Limits | None = None,
    own_domains: Collection[str] | None = None,
) -> IdentityReport:
    """Make all cards anew from the landing tables and write what differs, in one transaction.

    A second call changes nothing. `own_domains` are the company's own mail domains (default: that of the
    controller's contact in the policy), `limits` say when a run looks like an accident (default: Limits()).
    Raises ContradictionError, PublishRefusedError or InvariantError; the store is as it was then.
    """
    with _turn(engine) as connection:
        return _Work(connection, run_id, matcher, keyer, limits, own_domains).all()


def refresh(
    engine: sa.Engine,
    run_id: str,
    *,
    matcher: Matcher = match_features,
    keyer: Keyer = match_keys,
    limits: Limits | None = None,
    own_domains: Collection[str] | None = None,
    largest: int | None = None,
) -> IdentityReport:
    """Bring the cards up to date with what changed since they were last made; the outcome is a rebuild's.

    Only the blocks that a changed record, fact or decision touches are made anew. Where that is more than
    `largest` records (default: LARGEST_SHARE of them), or the rules have changed, everything is. Arguments
    and errors as for `rebuild`.
    """
    with _turn(engine) as connection:
        return _Work(connection, run_id, matcher, keyer, limits, own_domains).changed(largest)


def preview(
    engine: sa.Engine,
    decisions: pd.DataFrame,
    *,
    withdrawn: Sequence[int] = (),
    matcher: Matcher = match_features,
    keyer: Keyer = match_keys,
) -> Preview:
    """What further decisions, or other rules, would do: everything is done and nothing is kept.

    `decisions` has columns of crm.match_decision (may be empty), `withdrawn` are ids of decisions to leave
    out, `matcher` may be another one. Raises ContradictionError.
    """
    with _turn(engine) as connection:
        append(connection, crm.match_decision, decisions)
        gone = crm.match_decision.c.decision_id == any_of(withdrawn, sa.BigInteger())
        connection.execute(sa.delete(crm.match_decision).where(gone))
        outcome = _Work(connection, _PREVIEW, matcher, keyer, NO_LIMITS, None).changed()
        event = crm.identity_event.c
        shown = (event.event, event.entity, event.entity_id, event.other_entity_id, event.rule)
        mine = sa.select(*shown).where(event.run_id == _PREVIEW).order_by(event.event_id)
        events = read_frame(connection, mine)
        connection.rollback()
    return Preview(outcome, events)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a run would do: its report, and the events (event, entity, ids, rule) it would tell."""

    report: IdentityReport
    events: pd.DataFrame


_PREVIEW = "preview"


@contextmanager
def _turn(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that sees one state of the store, and is the only one that writes cards."""
    with (
        no_garbage_collection(),
        engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection,
        connection.begin(),
    ):
        take_turn(connection)
        yield connection


class _Work:
    """One run, in its transaction: the steps that a rebuild and a refresh share, and their time."""

    def __init__(
        self,
        connection: sa.Connection,
        run_id: str,
        matcher: Matcher,
        keyer: Keyer,
        limits: Limits | None,
        own_domains: Collection[str] | None,
    ) -> None:
        self._connection = connection
        self._run_id = run_id
        self._matcher, self._keyer = matcher, keyer
        self._limits = Limits() if limits is None else limits
        self._own_domains = controller_domains() if own_domains is None else own_domains
        self._rules = rules_digest(sorted(self._own_domains), _named(matcher), _named(keyer))
        self._clock = Laps("cards")
        self._decisions = read_frame(connection, sa.select(crm.match_decision))

    def all(self) -> IdentityReport:
        """Every record."""
        forget_changes(self._connection)
        records = read_records(self._connection)
        self._clock.lap("read")
        return self._made(records, None)

    def changed(self, largest: int | None = None) -> IdentityReport:
        """The blocks that changes reach, where these are known and small enough."""
        state = read_state(self._connection)
        if state is None or state.rules != self._rules:
            return self.all()
        changes = find_changes(self._connection, state, self._decisions)
        if changes.nothing:
            return self._unchanged(state.totals)
        if largest is None:
            largest = max(NEVER_TOO_MANY, int(LARGEST_SHARE * state.totals["records"]))
        if changes.anything or changes.about_keys or len(changes.records()) > largest:
            return self.all()
        kept = reached(self._connection, changes, self._decisions, self._keyer)
        if sum(map(len, kept.live.values())) > largest:
            return self.all()
        gone, known = record_frame(changes.gone), linked(kept.rows)
        guards = guards_of(self._connection, kept)
        self._clock.lap("find")
        records = read_records(self._connection, kept.live)
        self._clock.lap("read")
        return self._made(records, _Part(changes, kept, known, gone, guards, state.totals))

    def _made(self, records: pd.DataFrame, part: _Part | None) -> IdentityReport:
        published = self._published(records, part)
        if published is None:
            return self.all()
        self._clock.lap("publish")
        totals = count_all(self._connection) if part is None else moved(part.totals, published)
        write_state(self._connection, self._rules, self._decisions, totals)
        analyze(self._connection, published)
        self._clock.lap("totals")
        return report(totals, len(records), published, self._clock.seconds)

    def _published(self, records: pd.DataFrame, part: _Part | None) -> Published | None:
        """Match, name, make golden and write; the frames of it, large as they are, end here.

        None when a part turns out to depend on records elsewhere.
        """
        data = features(records)
        seen = crowds(data)
        known, kept = (None, None) if part is None else (part.known, part.kept)
        anyones = providers(data, seen) if part is None else part.providers(self._connection, data, seen)
        if anyones is None:
            return None
        data = as_public(data, anyones)
        self._clock.lap("features")
        found = blocks_of(records, data, self._decisions, self._keyer, kept)
        self._clock.lap("keys")
        write_keys(self._connection, found, kept)
        block = found.of_record
        write_crowds(self._connection, seen, block[data.order], kept)
        del found, seen  # not needed while all else is at its largest
        self._clock.lap("blocks")
        matching = self._matcher(data, self._decisions)
        self._clock.lap("match")
        ledger = name_clusters(self._connection, records, matching, known)
        rows = block_rows(records, block, matching, ledger)
        reach = None
        if part is not None:
            reach = part.reach(self._connection, records, data, matching, ledger, rows)
            if reach is None:
                return None
        del data  # as large as the records themselves
        write_blocks(self._connection, rows, kept)
        del rows
        self._clock.lap("ids")
        cards = golden(records, matching, ledger.people, ledger.organizations, own_domains=self._own_domains)
        self._clock.lap("golden")
        return publish(
            self._connection,
            records,
            matching,
            cards,
            ledger,
            run_id=self._run_id,
            limits=self._limits,
            reach=reach,
        )

    def _unchanged(self, totals: Totals) -> IdentityReport:
        self._clock.lap("find")
        return report(totals, 0, NOTHING_PUBLISHED, self._clock.seconds)


@dataclass(frozen=True, slots=True)
class _Part:
    """What a refresh makes anew: the changes, the blocks they reach, and what the store says of these."""

    changes: Changes
    kept: Reached
    known: Linked
    gone: pd.DataFrame
    guards: pd.DataFrame
    totals: Totals

    def providers(self, connection: sa.Connection, data: Features, seen: Crowds) -> dict[str, int] | None:
        """All providers there are, now that these records are known, with their numbers of names.

        None when one is no provider any more: who writes from there may meet now, and most are elsewhere.
        """
        before = self.kept.crowds
        touched = before.touched(seen.hashes())
        found = providers(data, seen, crowds_elsewhere(connection, before, touched))
        if not found.keys() >= set(touched):
            return None
        return {**before.providers, **found}

    def reach(
        self,
        connection: sa.Connection,
        records: pd.DataFrame,
        data: Features,
        matching: Matching,
        ledger: Ledger,
        rows: pd.DataFrame,
    ) -> Reach | None:
        """What is to be written, now that clusters and ids are known; `rows` are those of `block_rows`.

        None when a card that is to be written has a record that is not at hand.
        """
        before, after = (
            {*map(tuple, guards[_GUARD].to_numpy())} for guards in (self.guards, matching.guards)
        )
        arrived = {f"{source}:{key}" for source, keys in self.changes.arrived.items() for key in keys}
        moves = Moves(arrived, self.gone, before ^ after, retied(rows, self.kept))
        found = affected(connection, records, data, ledger.people, ledger.organizations, self.known, moves)
        if not self._is_whole(connection, found):
            return None
        return Reach(
            guards=pd.DataFrame(sorted(before | after), columns=_GUARD, dtype=object),
            affected=found,
            facts=self.changes.facts,
            totals=self.totals,
        )

    def _is_whole(self, connection: sa.Connection, found: Affected) -> bool:
        return are_whole(connection, self.known, "person", found.people) and are_whole(
            connection, self.known, "organization", found.organizations
        )


_GUARD = ["key_kind", "key_value"]


def name_clusters(
    connection: sa.Connection,
    records: pd.DataFrame,
    matching: Matching,
    known: Linked | None = None,
) -> Ledger:
    """The lasting ids of all clusters, by the links and aliases in the store.

    `known` are the cards that the records belonged to, where the records are not all there are.
    """
    keys, order = record_keys(records), canonical_order(records)
    bears = (matching.person < 0) & records["source"].isin(["brreg_unit", "tripletex_customer"]).to_numpy()
    rules: dict[str, str] = {}

    def named(entity: Entity, labels: Ints, weight: Ints | None) -> Assignment:
        previous = read_previous(connection, keys, entity, labels, known)
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
    return Ledger(people, organizations, order, rules)


@cache
def controller_domains() -> frozenset[str]:
    """The company's own mail domain: that of its contact address in the policy."""
    return frozenset({load_policy().controller.contact.rpartition("@")[2].lower()})


def _named(function: Callable[..., object]) -> str:
    return getattr(function, "__qualname__", type(function).__qualname__)
