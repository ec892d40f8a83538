"""What of the crm schema a run writes: all of it, or the part that a change can have an effect on.

Knows tables and ids. Must not know how cards come about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import sqlalchemy as sa

from pipelines.identity import facts, invariants
from pipelines.identity.affected import Affected
from pipelines.identity.ledger import Assignment, Ints
from pipelines.identity.previous import any_of
from pipelines.store.bulk import Scope, Written, delete, read_frame, stage_scope, upsert
from schemas.tables import crm
from schemas.tables.landing import TABLES

Totals = Mapping[str, Any]
"""Numbers of the whole store: rows by name; for links and affiliations rows by rule."""

RULED: Mapping[str, sa.Table] = {"links": crm.match_link, "affiliations": crm.affiliation}
"""Tables whose rows are counted by rule, by the name of the number."""

TIES = (crm.match_link, crm.match_review, crm.affiliation)
"""Tables whose rows are read and compared here, as most of what is within a change's reach stays as it is."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """The ids of both kinds of card, as `ledger.assign` gave them; `order`: the canonical rank of records."""

    people: Assignment
    organizations: Assignment
    order: Ints
    rules: Mapping[str, str] = field(default_factory=dict)
    """For an id that was merged away, the rule behind the link that did it."""

    @property
    def both(self) -> tuple[Assignment, Assignment]:
        return self.people, self.organizations


@dataclass(frozen=True, slots=True)
class Reach:
    """What a change can have an effect on.

    `guards`: key_kind and key_value of the guards that were or are learned from the records matched again;
    `affected`: the cards and ties of these that can come out otherwise; `facts`: ids of the facts that
    changed themselves, by source; `totals`: the numbers of the whole store before.
    """

    guards: pd.DataFrame
    affected: Affected
    facts: Mapping[str, Sequence[int]]
    totals: Totals


@dataclass(frozen=True, slots=True)
class Scopes:
    """The part of each table that is written, and the touched records and cards, as temporary tables."""

    tables: Mapping[sa.Table, Scope]
    touched: invariants.Touched


def stage(connection: sa.Connection, reach: Reach) -> Scopes:
    """The part of each table that is written: cards and ties between records that can have changed."""
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
    tied = reach.affected.tied
    pairs = pd.concat([tied.assign(entity=entity) for entity in invariants.CARDS], ignore_index=True)
    pairs = pairs.rename(columns={"source": "left_source", "source_id": "left_source_id"})
    lefts = stage_scope(connection, crm.match_link, pairs, "pairs")
    return Scopes(
        {
            crm.person: of_people,
            crm.organization: of_organizations,
            crm.person_email: of_people,
            crm.person_phone: of_people,
            crm.affiliation: stage_scope(
                connection, crm.affiliation, _texts(person_id=sorted(reach.affected.bound)), "bound"
            ),
            crm.source_link: links,
            crm.field_origin: cards,
            crm.match_link: lefts,
            crm.match_review: lefts,
            crm.identity_guard: stage_scope(connection, crm.identity_guard, reach.guards, "guards"),
            crm.identity_alias: cards.of(entity="entity", current_id="entity_id"),
        },
        invariants.Touched(links.table, of_people.table, of_organizations.table),
    )


def only_affected(
    frames: Mapping[sa.Table, pd.DataFrame], affected: Affected
) -> dict[sa.Table, pd.DataFrame]:
    """The rows of cards, links and ties that can have changed; of other tables all."""
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
    of_affiliation = frames[crm.affiliation]
    found[crm.affiliation] = of_affiliation[of_affiliation["person_id"].isin(affected.bound)]
    found[crm.source_link] = frames[crm.source_link].merge(affected.links, on=["source", "source_id"])
    tied = affected.tied.rename(columns={"source": "left_source", "source_id": "left_source_id"})
    for table in (crm.match_link, crm.match_review):
        found[table] = frames[table].merge(tied, on=list(tied.columns))
    return found


def facts_of(
    connection: sa.Connection, records: pd.DataFrame, changed: Mapping[str, Sequence[int]]
) -> dict[str, list[int]]:
    """Ids, by source, of the facts that hang on some records, and of those that changed themselves."""
    found: dict[str, list[int]] = {}
    for source, (owner, column) in facts.OWNERS.items():
        table = TABLES[source]
        owners = list(map(int, records.loc[records["source"] == owner, "source_id"]))
        hanging: Iterable[int] = ()
        if owners:
            theirs = table.c[column] == any_of(owners, sa.BigInteger())
            hanging = connection.scalars(sa.select(table.c.id).where(theirs))
        found[source] = sorted({*hanging, *changed[source]})
    return found


def standing(connection: sa.Connection, scopes: Scopes | None) -> dict[sa.Table, pd.DataFrame]:
    """The rows of the tables of TIES within the scopes as they are, all columns."""
    found: dict[sa.Table, pd.DataFrame] = {}
    if scopes is None:
        return found
    for table in TIES:
        scope = scopes.tables[table]
        same = sa.and_(*(table.c[mine] == scope.table.c[its] for mine, its in scope.columns.items()))
        texts = [_as_text(column) for column in table.columns]
        found[table] = read_frame(connection, sa.select(*texts).join(scope.table, same))
    return found


def write_ties(
    connection: sa.Connection, table: sa.Table, frame: pd.DataFrame, there: pd.DataFrame
) -> Written:
    """Make the rows of a table that are `there` the rows of the frame.

    Most ties come out as they were. A row that is taken for different and is not costs a comparison in the
    database, and nothing else.
    """
    keys = [column.name for column in table.primary_key]
    columns = list(there.columns)
    values = frame[columns].astype(object)
    wanted = list(values.where(values.notna(), None).itertuples(index=False, name=None))
    known = set(there.itertuples(index=False, name=None))
    is_left = set(frame[keys].itertuples(index=False, name=None))
    ended = [key not in is_left for key in there[keys].itertuples(index=False, name=None)]
    deleted = 0
    if any(ended):
        deleted = delete(connection, table, stage_scope(connection, table, there.loc[ended, keys], "ended"))
    different = [row for row in wanted if row not in known]
    if not different:
        return Written(deleted=deleted)
    written = upsert(connection, table, columns, different)
    return Written(written.inserted, written.updated, deleted)


def by_rule(frames: Mapping[sa.Table, pd.DataFrame]) -> dict[str, Counter[str]]:
    """How many rows of each rule there are, by name in RULED."""
    return {name: Counter(frames[table]["rule"]) for name, table in RULED.items() if table in frames}


def difference(after: Counter[str], before: Counter[str]) -> dict[str, int]:
    """How many more there are of each rule, or fewer."""
    return {rule: after[rule] - before[rule] for rule in after | before if after[rule] != before[rule]}


def _as_text(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    """Ids as the texts that frames hold: to read them into objects takes longer than all else here."""
    return sa.cast(column, sa.Text()).label(column.name) if isinstance(column.type, sa.Uuid) else column


def _texts(**columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})
