"""What a proof of origins has to look at: everything once a week, in between what is new since the last.

A value that was proved, on a card and from a record that nobody has touched since, is proved still.
PostgreSQL itself tells which rows are new (`xmin`), whoever wrote them. Knows no card by its content.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from pipelines.privacy import audit_log
from schemas.policy import Policy
from schemas.tables import crm, landing, qualified
from schemas.tables.privacy import audit_log as log

WHOLE_AFTER = timedelta(days=6, hours=12)
"""Every value is proved anew after so long: an origin that was taken away leaves no row that is new."""
WHOLE, CHANGES = "origins_proved", "changed_origins_proved"
"""Entries of the audit log: of every value, and of those that were new."""

_XID_BITS = 32
_RECORDS = sa.table("unproved_record", sa.column("source", sa.Text), sa.column("source_id", sa.Text))
_CARDS = sa.table(
    "unproved_card", sa.column("entity", sa.Text), sa.column("entity_id", sa.Uuid(as_uuid=False))
)


@dataclass(frozen=True, slots=True)
class Unproved:
    """Temporary tables of this transaction with what is new."""

    records: sa.TableClause
    """source, source_id: landing rows."""
    cards: sa.TableClause
    """entity, entity_id: cards with a new row, a new origin, or a value from a new landing row."""
    age: int
    """How many transactions ago the last proof began; what is not older is new."""

    def is_new(self, table: sa.Table) -> sa.ColumnElement[bool]:
        """Whether a row of the table was written since."""
        return sa.func.age(sa.literal_column(f"{qualified(table)}.xmin")) <= self.age

    def has_new_records(self, connection: sa.Connection, source: str) -> bool:
        """Whether a landing row of the source is new."""
        return bool(connection.scalar(sa.select(sa.exists().where(self.records.c.source == source))))

    def is_from_new_record(self, table: sa.FromClause) -> sa.ColumnElement[bool]:
        """Whether a row with source and source_id came from a landing row that is new."""
        new = self.records.c
        return sa.tuple_(table.c.source, table.c.source_id).in_(sa.select(new.source, new.source_id))

    def is_on_new_card(self, entity: str, card: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
        """Whether a card is among `cards`."""
        new = self.cards.c
        return card.in_(sa.select(new.entity_id).where(new.entity == entity))


def stage(
    connection: sa.Connection, policy: Policy, cards: Mapping[str, sa.Table], now: datetime
) -> Unproved | None:
    """Find what is new since the last proof; None where everything is to be proved.

    `cards`: the tables of cards by entity. Everything, when no proof is known, the last one of everything is
    a week old or was made under another policy, or a source has other live rows than are on cards.
    """
    transaction = _proved_until(connection, policy, now)
    if transaction is None:
        return None
    short = transaction % (1 << _XID_BITS)
    age = int(connection.scalar(sa.text("SELECT age(CAST(:xid AS xid))"), {"xid": str(short)}) or 0)
    if age < 0 or not _is_counted(connection):
        return None
    found = Unproved(_RECORDS, _CARDS, age)
    _stage_records(connection, found)
    _stage_cards(connection, found, cards)
    return found


def transaction_of(connection: sa.Connection) -> int:
    """The oldest transaction that the connection may not see yet; asked before anything is proved."""
    oldest = connection.scalar(sa.text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"))
    return int(oldest or 0)


def note(
    connection: sa.Connection, policy: Policy, now: datetime, transaction: int, *, everything: bool
) -> None:
    """Note in the audit log that nothing before `transaction` is unproved."""
    audit_log.append(
        connection,
        WHOLE if everything else CHANGES,
        now,
        transaction=transaction,
        policy=policy.version,
    )


def _proved_until(connection: sa.Connection, policy: Policy, now: datetime) -> int | None:
    """The transaction of the last proof, where it may be built upon."""
    entries = connection.execute(
        sa.select(log.c.action, log.c.occurred_at, log.c.details)
        .where(log.c.action.in_([WHOLE, CHANGES]), log.c.occurred_at > now - WHOLE_AFTER)
        .order_by(log.c.entry_no.desc())
    ).all()
    has_whole = any(entry.action == WHOLE for entry in entries)
    if not has_whole or any(entry.details.get("policy") != policy.version for entry in entries):
        return None
    return int(entries[0].details["transaction"])


def _stage_records(connection: sa.Connection, found: Unproved) -> None:
    connection.exec_driver_sql(
        f"CREATE TEMPORARY TABLE {_RECORDS.name} (source text, source_id text) ON COMMIT DROP"
    )
    for source, table in landing.TABLES.items():
        key = sa.cast(table.primary_key.columns[0], sa.Text)
        new = sa.select(sa.literal(source), key).where(found.is_new(table))
        connection.execute(sa.insert(_RECORDS).from_select(["source", "source_id"], new))
    connection.exec_driver_sql(f"ANALYZE {_RECORDS.name}")


def _stage_cards(connection: sa.Connection, found: Unproved, cards: Mapping[str, sa.Table]) -> None:
    connection.exec_driver_sql(
        f"CREATE TEMPORARY TABLE {_CARDS.name} (entity text, entity_id uuid) ON COMMIT DROP"
    )
    origin = crm.field_origin
    touched = sa.union(
        *(
            sa.select(sa.literal(entity), table.c[f"{entity}_id"]).where(found.is_new(table))
            for entity, table in cards.items()
        ),
        sa.select(origin.c.entity, origin.c.entity_id).where(
            sa.or_(found.is_new(origin), found.is_from_new_record(origin))
        ),
    )
    connection.execute(sa.insert(_CARDS).from_select(["entity", "entity_id"], touched))
    connection.exec_driver_sql(f"ANALYZE {_CARDS.name}")


def _is_counted(connection: sa.Connection) -> bool:
    """Whether as many records are on cards as are live: one that is gone altogether leaves no new row."""
    link = crm.source_link
    on_cards = connection.execute(sa.select(link.c.source, sa.func.count()).group_by(link.c.source)).all()
    return all(
        source in landing.TABLES and number == _live(connection, landing.TABLES[source])
        for source, number in on_cards
    )


def _live(connection: sa.Connection, table: sa.Table) -> int:
    live = sa.select(sa.func.count()).select_from(table).where(table.c.deleted_at_source.is_(None))
    return connection.scalar(live) or 0
