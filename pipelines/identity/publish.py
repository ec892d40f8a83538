"""The one writer of the cards: everything in one transaction, only what changed, nothing that contradicts.

Write, audit, publish: the rows are written, the invariants asserted on them in SQL, and only then may the
caller commit. Must not know how cards come about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import sqlalchemy as sa

from pipelines.identity import facts, invariants
from pipelines.identity.golden import Cards
from pipelines.identity.ledger import Ints
from pipelines.identity.match import Matching
from pipelines.identity.reach import (
    Ledger,
    Reach,
    Totals,
    by_rule,
    difference,
    facts_of,
    only_affected,
    stage,
    standing,
    write_ties,
)
from pipelines.identity.ties import earlier_first
from pipelines.store.bulk import Written, append, replace, replace_from, stage_scope
from schemas.errors import SafeError
from schemas.tables import crm

# Enough for the hash joins of a million rows, and little enough for a small server.
_WORK_MEMORY = "128MB"

# So many new rows leave the statistics of a table behind.
_MANY_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Limits:
    """When a run looks like an accident: more cards lost at once than this, and nothing is published.

    `share` of the cards there were, counted only from `cards` lost cards on.
    """

    share: float = 0.05
    cards: int = 500


NO_LIMITS = Limits(share=1.0)


class PublishRefusedError(SafeError, RuntimeError):
    """The run would change more cards than a night can explain; nothing was written."""


@dataclass(frozen=True, slots=True)
class Published:
    """What a publish changed: rows by table, cards by event, and the most records on one card."""

    written: Mapping[str, Written]
    created: int
    merged: int
    split: int
    erased: int
    largest_person: int
    largest_organization: int
    rules: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """By name in RULED: how many rows more (or, negative, fewer) there are of each rule, in a refresh."""


NOTHING_PUBLISHED = Published({}, 0, 0, 0, 0, 0, 0)


def take_turn(connection: sa.Connection) -> None:
    """Make this transaction the only one that writes cards, until it ends.

    To be called before the first query: a lock on a table takes no snapshot, so what is read afterwards is
    what the last writer left. Readers are not held up.
    """
    connection.exec_driver_sql("LOCK TABLE crm.source_link IN SHARE ROW EXCLUSIVE MODE")
    connection.exec_driver_sql(f"SET LOCAL work_mem = '{_WORK_MEMORY}'")
    # A refresh looks up some thousand rows in tables of a million: from memory or a disk without a head.
    connection.exec_driver_sql("SET LOCAL random_page_cost = 1.1")
    connection.exec_driver_sql("SET LOCAL jit = off")


def publish(
    connection: sa.Connection,
    records: pd.DataFrame,
    matching: Matching,
    cards: Cards,
    ledger: Ledger,
    *,
    run_id: str,
    limits: Limits,
    reach: Reach | None = None,
) -> Published:
    """Make the crm schema, or what is within `reach` of a change, equal to the cards.

    Works in the caller's transaction (`take_turn` comes first). Raises PublishRefusedError beyond the
    `limits`, InvariantError when the outcome would contradict the records; the caller's transaction is to be
    rolled back then.
    """
    _refuse_an_accident(connection, ledger, limits, None if reach is None else reach.totals)
    frames = {
        crm.person: cards.person,
        crm.organization: cards.organization,
        crm.person_email: cards.person_email,
        crm.person_phone: cards.person_phone,
        crm.affiliation: cards.affiliation,
        crm.source_link: cards.source_link,
        crm.field_origin: cards.field_origin,
        crm.match_link: link_rows(records, ledger.order, matching.links),
        crm.match_review: review_rows(records, ledger.order, matching.reviews),
        crm.identity_guard: guard_rows(matching.guards),
        crm.identity_alias: alias_rows(ledger),
    }
    scopes = None
    if reach is not None:
        scopes = stage(connection, reach)
        frames = only_affected(frames, reach.affected)
    there = standing(connection, scopes)
    before, after = by_rule(there), by_rule(frames)
    written = {}
    for table, frame in frames.items():
        if table in there:
            written[table.name] = write_ties(connection, table, frame, there[table])
            continue
        within = None if scopes is None else scopes.tables[table]
        touch = "updated_at" if "updated_at" in table.c else None
        written[table.name] = replace(connection, table, frame, touch=touch, within=within)
    written |= _write_facts(connection, reach)
    written["identity_event"] = append(connection, crm.identity_event, event_rows(ledger, run_id))
    invariants.check(connection, None if scopes is None else scopes.touched)
    return _published(written, ledger, {name: difference(after[name], before[name]) for name in before})


def analyze(connection: sa.Connection, published: Published) -> None:
    """Let the planner know tables that were filled just now: the next run looks for few rows in them.

    Without the right to do so the server says nothing and does it in its own time.
    """
    filled = [name for name, written in published.written.items() if written.changed > _MANY_ROWS]
    for name in (
        *filled,
        *([crm.match_block.name, crm.match_key.name, crm.match_crowd.name] if filled else []),
    ):
        connection.exec_driver_sql(f"ANALYZE {crm.SCHEMA}.{name}")


def _write_facts(connection: sa.Connection, reach: Reach | None) -> dict[str, Written]:
    """The tables of facts: all, or those that hang on records with other cards or changed themselves."""
    about = None if reach is None else facts_of(connection, reach.affected.moved, reach.facts)
    written = {}
    for source, table in facts.FACTS.items():
        mine, within = None if about is None else about[source], None
        if mine is not None:
            if not mine:
                written[table.name] = Written()
                continue
            ids = pd.DataFrame({table.primary_key.columns[0].name: mine}, dtype="int64")
            within = stage_scope(connection, table, ids, "facts")
        written[table.name] = replace_from(connection, table, facts.wanted(source, mine), within=within)
    return written


def link_rows(records: pd.DataFrame, order: Ints, links: pd.DataFrame) -> pd.DataFrame:
    """crm.match_link: the two records of a pair in canonical order, each pair once.

    `order` is the canonical rank of each record.
    """
    return _pairs(records, order, links, ["rule", "score", "explanation"])


def review_rows(records: pd.DataFrame, order: Ints, reviews: pd.DataFrame) -> pd.DataFrame:
    """crm.match_review, as `link_rows`."""
    return _pairs(records, order, reviews, ["score", "reason"])


def guard_rows(guards: pd.DataFrame) -> pd.DataFrame:
    """crm.identity_guard: each key once, with the first reason given."""
    rows = guards.drop_duplicates(["key_kind", "key_value"], ignore_index=True)
    # A count that is unknown turns the column into floats, which no bigint takes.
    return rows.astype({"people": "Int64", "organizations": "Int64"})


def alias_rows(ledger: Ledger) -> pd.DataFrame:
    """crm.identity_alias of both kinds of card."""
    rows = [
        (assignment.entity, alias, current)
        for assignment in ledger.both
        for alias, current in sorted(assignment.aliases.items())
    ]
    return pd.DataFrame(rows, columns=["entity", "alias_id", "current_id"], dtype=object)


def event_rows(ledger: Ledger, run_id: str) -> pd.DataFrame:
    """New rows of crm.identity_event, in the order in which they are to be read."""
    events = pd.concat([assignment.events for assignment in ledger.both], ignore_index=True)
    events["rule"] = [
        ledger.rules.get(other) if event == "MERGED" else None
        for event, other in zip(events["event"], events["other_entity_id"], strict=True)
    ]
    events["run_id"] = pd.Series([run_id] * len(events), dtype=object)
    return events


def _pairs(records: pd.DataFrame, order: Ints, pairs: pd.DataFrame, values: list[str]) -> pd.DataFrame:
    left, right = earlier_first(order, pairs)
    source, source_id = (records[name].to_numpy(dtype=object) for name in ("source", "source_id"))
    frame = pd.DataFrame(
        {
            "entity": pairs["entity"].to_numpy(dtype=object),
            "left_source": source[left],
            "left_source_id": source_id[left],
            "right_source": source[right],
            "right_source_id": source_id[right],
            **{name: pairs[name].to_numpy() for name in values},
        }
    )
    by_key = np.lexsort((order[right], order[left], pd.factorize(frame["entity"], sort=True)[0]))
    return frame.iloc[by_key].drop_duplicates(
        list(crm.match_link.primary_key.columns.keys()), ignore_index=True
    )


def _refuse_an_accident(
    connection: sa.Connection, ledger: Ledger, limits: Limits, totals: Totals | None
) -> None:
    for assignment, name in zip(ledger.both, ("people", "organizations"), strict=True):
        lost = assignment.count("MERGED")
        if lost < limits.cards:
            continue
        card = invariants.CARDS[assignment.entity]
        counted = sa.select(sa.func.count()).select_from(card)
        before = totals[name] if totals is not None else connection.scalar(counted) or 0
        if lost > limits.share * before:
            raise PublishRefusedError(
                f"identity: {lost} of {before} {assignment.entity} cards would be merged into others in one "
                f"run, more than {limits.share:.0%}. Nothing was written. Look at what changed (new guards, "
                "new sources, crm.match_decision); if it is meant, run `cards` with `confirmed: true`."
            )


def _published(
    written: Mapping[str, Written], ledger: Ledger, rules: Mapping[str, Mapping[str, int]]
) -> Published:
    def events(kind: str) -> int:
        return sum(assignment.count(kind) for assignment in ledger.both)

    return Published(
        written=written,
        created=events("CREATED"),
        merged=events("MERGED"),
        split=events("SPLIT"),
        erased=events("ERASED"),
        largest_person=ledger.people.largest,
        largest_organization=ledger.organizations.largest,
        rules=rules,
    )
