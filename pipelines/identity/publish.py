"""The one writer of the cards: everything in one transaction, only what changed, nothing that contradicts.

Write, audit, publish: the rows are written, the invariants asserted on them in SQL, and only then may the
caller commit. Must not know how cards come about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa

from pipelines.identity import facts, invariants
from pipelines.identity.affected import Affected
from pipelines.identity.golden import Cards
from pipelines.identity.ledger import Assignment
from pipelines.identity.match import Matching
from pipelines.identity.previous import staged
from pipelines.identity.records import canonical_order
from pipelines.store.bulk import Scope, Written, append, replace, replace_from, stage_scope
from schemas.tables import crm
from schemas.tables.landing import TABLES

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


class PublishRefused(RuntimeError):
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

Totals = Mapping[str, Any]
"""Numbers of the whole store: rows by name; for links and affiliations rows by rule."""

RULED: Mapping[str, sa.Table] = {"links": crm.match_link, "affiliations": crm.affiliation}
"""Tables whose rows are counted by rule, by the name of the number."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """The ids of both kinds of card, as `ledger.assign` gave them."""

    people: Assignment
    organizations: Assignment
    rules: Mapping[str, str] = field(default_factory=dict)
    """For an id that was merged away, the rule behind the link that did it."""

    @property
    def both(self) -> tuple[Assignment, Assignment]:
        return self.people, self.organizations


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


def facts_of(
    connection: sa.Connection, records: pd.DataFrame, changed: Mapping[str, Sequence[int]]
) -> dict[str, list[int]]:
    """Ids, by source, of the facts that hang on some records, and of those that changed themselves."""
    mine = staged(connection, records)
    found: dict[str, list[int]] = {}
    for source, (owner, column) in facts.OWNERS.items():
        table = TABLES[source]
        of_owner = sa.select(sa.cast(mine.c.source_id, sa.BigInteger())).where(mine.c.source == owner)
        hanging = connection.scalars(sa.select(table.c.id).where(table.c[column].in_(of_owner)))
        found[source] = sorted({*hanging, *changed[source]})
    return found


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

    Works in the caller's transaction (`take_turn` comes first). Raises PublishRefused beyond the
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
        crm.match_link: link_rows(records, matching.links),
        crm.match_review: review_rows(records, matching.reviews),
        crm.identity_guard: guard_rows(matching.guards),
        crm.identity_alias: alias_rows(ledger),
    }
    scopes = None
    if reach is not None:
        scopes = stage(connection, reach, ledger)
        frames = _affected(frames, reach.affected)
    before = _by_rule(connection, scopes)
    written = {
        table.name: replace(
            connection,
            table,
            frame,
            touch="updated_at" if "updated_at" in table.c else None,
            within=None if scopes is None else scopes.tables[table],
        )
        for table, frame in frames.items()
    }
    written |= _write_facts(connection, reach)
    written["identity_event"] = append(connection, crm.identity_event, event_rows(ledger, run_id))
    invariants.check(connection, None if scopes is None else scopes.touched)
    after = {name: Counter(frames[table]["rule"]) for name, table in RULED.items()}
    return _published(written, ledger, {name: _difference(after[name], before[name]) for name in before})


def analyze(connection: sa.Connection, published: Published) -> None:
    """Let the planner know tables that were filled just now: the next run looks for few rows in them.

    Without the right to do so the server says nothing and does it in its own time.
    """
    filled = [name for name, written in published.written.items() if written.changed > _MANY_ROWS]
    for name in (*filled, *([crm.match_block.name, crm.match_key.name] if filled else [])):
        connection.exec_driver_sql(f"ANALYZE {crm.SCHEMA}.{name}")


@dataclass(frozen=True, slots=True)
class Reach:
    """What a change can have an effect on.

    `records`: source and source_id of every record matched again and of those that are gone; `people`: ids of
    the persons' cards these belonged to; `guards`: key_kind and key_value of the guards that were or are
    learned from them; `affected`: the cards among them that can come out otherwise; `facts`: ids of the
    facts that changed themselves, by source; `totals`: the numbers of the whole store before.
    """

    records: pd.DataFrame
    people: Sequence[str]
    guards: pd.DataFrame
    affected: Affected
    facts: Mapping[str, Sequence[int]]
    totals: Totals


@dataclass(frozen=True, slots=True)
class Scopes:
    """The part of each table that is written, and the touched records and cards, as temporary tables."""

    tables: Mapping[sa.Table, Scope]
    touched: invariants.Touched


def stage(connection: sa.Connection, reach: Reach, ledger: Ledger) -> Scopes:
    """The part of each table that is written: cards that can have changed, and all ties between records."""
    people, organizations = sorted(reach.affected.people), sorted(reach.affected.organizations)
    of_people = stage_scope(connection, crm.person, _texts(person_id=people), "people")
    of_organizations = stage_scope(
        connection, crm.organization, _texts(organization_id=organizations), "organizations"
    )
    kinds = [invariants.PERSON] * len(people) + [invariants.ORGANIZATION] * len(organizations)
    cards = stage_scope(
        connection, crm.field_origin, _texts(entity=kinds, entity_id=people + organizations), "cards"
    )
    links = stage_scope(connection, crm.source_link, reach.affected.links, "links")
    everybody = sorted({*reach.people, *ledger.people.ids})
    pairs = pd.concat([reach.records.assign(entity=entity) for entity in invariants.CARDS], ignore_index=True)
    pairs = pairs.rename(columns={"source": "left_source", "source_id": "left_source_id"})
    lefts = stage_scope(connection, crm.match_link, pairs, "pairs")
    return Scopes(
        {
            crm.person: of_people,
            crm.organization: of_organizations,
            crm.person_email: of_people,
            crm.person_phone: of_people,
            crm.affiliation: stage_scope(connection, crm.affiliation, _texts(person_id=everybody), "people"),
            crm.source_link: links,
            crm.field_origin: cards,
            crm.match_link: lefts,
            crm.match_review: lefts,
            crm.identity_guard: stage_scope(connection, crm.identity_guard, reach.guards, "guards"),
            crm.identity_alias: cards.of(entity="entity", current_id="entity_id"),
        },
        invariants.Touched(links.table, of_people.table, of_organizations.table),
    )


def _affected(frames: Mapping[sa.Table, pd.DataFrame], affected: Affected) -> dict[sa.Table, pd.DataFrame]:
    """The rows of cards and links that can have changed; of other tables all."""
    cards = affected.people | affected.organizations
    keys = {
        crm.person: "person_id",
        crm.person_email: "person_id",
        crm.person_phone: "person_id",
        crm.organization: "organization_id",
        crm.field_origin: "entity_id",
        crm.identity_alias: "current_id",
    }
    found = {
        table: frame[frame[keys[table]].isin(cards)] if table in keys else frame
        for table, frame in frames.items()
    }
    found[crm.source_link] = frames[crm.source_link].merge(affected.links, on=["source", "source_id"])
    return found


def _write_facts(connection: sa.Connection, reach: Reach | None) -> dict[str, Written]:
    """The tables of facts: all of them, or those that hang on affected records or changed themselves."""
    about = None if reach is None else facts_of(connection, reach.affected.links, reach.facts)
    written = {}
    for source, table in facts.FACTS.items():
        mine, within = None if about is None else about[source], None
        if mine is not None:
            ids = pd.DataFrame({table.primary_key.columns[0].name: mine}, dtype="int64")
            within = stage_scope(connection, table, ids, "facts")
        written[table.name] = replace_from(connection, table, facts.wanted(source, mine), within=within)
    return written


def _texts(**columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})


def _by_rule(connection: sa.Connection, scopes: Scopes | None) -> dict[str, Counter[str]]:
    """How many rows of each rule stand within the scopes, by name in RULED."""
    found: dict[str, Counter[str]] = {}
    if scopes is None:
        return found
    for name, table in RULED.items():
        scope = scopes.tables[table]
        same = sa.and_(*(table.c[mine] == scope.table.c[its] for mine, its in scope.columns.items()))
        counted = sa.select(table.c.rule, sa.func.count()).join(scope.table, same).group_by(table.c.rule)
        found[name] = Counter(dict(map(tuple, connection.execute(counted))))
    return found


def _difference(after: Counter[str], before: Counter[str]) -> dict[str, int]:
    return {rule: after[rule] - before[rule] for rule in after | before if after[rule] != before[rule]}


def link_rows(records: pd.DataFrame, links: pd.DataFrame) -> pd.DataFrame:
    """crm.match_link: the two records of a pair in their own order, each pair once."""
    return _pairs(records, links, ["rule", "score", "explanation"])


def review_rows(records: pd.DataFrame, reviews: pd.DataFrame) -> pd.DataFrame:
    """crm.match_review, as `link_rows`."""
    return _pairs(records, reviews, ["score", "reason"])


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


def _pairs(records: pd.DataFrame, pairs: pd.DataFrame, values: list[str]) -> pd.DataFrame:
    left, right = (pairs[side].to_numpy(dtype=np.int64) for side in ("left", "right"))
    order = canonical_order(records)
    swapped = order[left] > order[right]
    left, right = np.where(swapped, right, left), np.where(swapped, left, right)
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
            raise PublishRefused(
                f"identity: {lost} of {before} {assignment.entity} cards would be merged into others in one "
                f"run, more than {limits.share:.0%}. Nothing was written. Look at what changed (new guards, "
                "new sources, crm.match_decision); run it again as confirmed when it is meant."
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
