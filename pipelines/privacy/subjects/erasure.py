"""Erasure (GDPR art. 17): the person's own records go, stay away, and leave other people's whole.

One transaction removes the rows and the values on the cards and writes the suppression ledger; the cards are
then made anew from what is left. Killed in between, the next run of the cards, or the same call again, ends
in the same store.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from pipelines.identity.facts import FACTS, OWNERS
from pipelines.identity.normalise.names import person_name
from pipelines.identity.publish import take_turn
from pipelines.privacy import audit_log
from pipelines.privacy.bounces import forget_bounces
from pipelines.privacy.holds import RowHold, Ruling, load_holds, rulings
from pipelines.privacy.keys import Key, email_keys, phone_keys, source_key, without
from pipelines.privacy.subjects.finding import (
    Found,
    Hints,
    RecordId,
    SourceRecord,
    contact_columns,
    find,
    find_one,
    hanging_on,
    has_id,
)
from pipelines.privacy.suppression import Suppression
from schemas.errors import SafeError
from schemas.policy import Policy
from schemas.tables import crm, landing, qualified
from schemas.tables.audiences import audience_member

REASON = "erasure"

_CONTACTS = ("email", "invoice_email", "phone")


class PlanChangedError(SafeError, RuntimeError):
    """The store holds something else than when the plan was shown; look at it again."""


@dataclass(frozen=True)
class ErasurePlan:
    """What an erasure would do."""

    found: Found
    held: tuple[SourceRecord, ...]
    """The person's records that a legal hold keeps."""
    rulings: tuple[Ruling, ...]
    """Why they are kept."""
    held_facts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Ids of inquiries and invoices on the records that a legal hold keeps, by source entity."""

    @property
    def records(self) -> tuple[SourceRecord, ...]:
        """The records that would be removed."""
        kept = {record.id for record in self.held}
        return tuple(record for record in self.found.records if record.id not in kept)

    @property
    def facts_kept(self) -> int:
        """How many inquiries and invoices a legal hold keeps."""
        return sum(map(len, self.held_facts.values()))

    def counts(self) -> dict[str, int]:
        """The plan in numbers, for previews, receipts and the audit log."""
        by_source: dict[str, int] = defaultdict(int)
        for record in self.records:
            by_source[record.source] += 1
        return {
            **dict(sorted(by_source.items())),
            "hanging_on_them": sum(self.found.facts.values()) - self.facts_kept,
            "company_records_blanked": len(self.found.companies),
            "held": len(self.held) + self.facts_kept,
            "doubtful_left_alone": len(self.found.doubtful),
            "keys_suppressed": len(self.suppressed()),
        }

    def suppressed(self) -> frozenset[Key]:
        """The keys that go into the ledger: what a held record still bears may be read again."""
        kept = {key for record in self.held for key in record.contacts()}
        kept |= {source_key(record.source, record.source_id) for record in self.held}
        return self.found.keys - kept


def preview(connection: sa.Connection, policy: Policy, hints: Hints, now: datetime) -> ErasurePlan:
    """What would be erased, kept and blanked. Changes nothing. Raises HintError as `find_one`."""
    found = find_one(connection, hints)
    holds = legal_holds(connection, policy, now)
    held = tuple(record for record in found.records if is_kept(holds, record.source, record.values))
    facts = held_facts(connection, holds, [record.id for record in found.records])
    kept = [(record.source, record.values) for record in held]
    kept += [(source, values) for source, rows in facts.items() for values in rows]
    reasons = [hold for hold in holds if any(is_kept([hold], *row) for row in kept)]
    return ErasurePlan(found, held, rulings(reasons), ids_by_source(facts))


def erase(
    connection: sa.Connection,
    policy: Policy,
    hints: Hints,
    suppression: Suppression,
    now: datetime,
    *,
    expected: str | None = None,
) -> ErasurePlan:
    """Carry an erasure out in the caller's transaction; return what was done.

    The person is looked up again with landing and the making of cards locked out, so nothing slips in
    between. `expected` is the digest of a preview: raises PlanChangedError when something else would be
    erased now. The caller commits and has the cards made anew.
    """
    suppression.lock(connection)
    # Cards that are being made from the rows as they were must be finished first.
    take_turn(connection)
    plan = preview(connection, policy, hints, now)
    if expected is not None and plan.found.digest != expected:
        raise PlanChangedError("the store holds something else than the preview showed: preview it again")
    remove(
        connection,
        [record.id for record in plan.records],
        plan.found.companies,
        plan.found.keys,
        kept=plan.held_facts,
    )
    forget_bounces(connection, suppression.secrets, own_addresses(plan.found, hints))
    names = [record.name() for record in plan.found.records]
    if hints.name:
        names.append(person_name(None, None, hints.name))
    added = suppression.add(connection, plan.suppressed(), REASON, names)
    # By the log a restored backup is told from this store (`ledger_copy`), so it has what the copy has.
    audit_log.append(connection, "records_erased", now, records=len(plan.records), keys=added)
    return plan


def remove(
    connection: sa.Connection,
    ids: Sequence[RecordId],
    companies: Sequence[SourceRecord],
    keys: frozenset[Key],
    *,
    kept: Mapping[str, Sequence[str]],
) -> None:
    """Take records, what hangs on them and their values on cards out of the store.

    `companies` keep their records without the addresses and numbers among `keys`. `kept`: ids, by source
    entity, of what hangs on the records and stays because of a legal hold.
    """
    _remove_facts(connection, ids, kept)
    _remove_records(connection, ids)
    for record in companies:
        _blank(connection, record, keys)
    _remove_from_cards(connection, ids, companies)
    _remove_decisions(connection, ids, keys)


def own_addresses(found: Found, hints: Hints) -> set[str]:
    """The person's addresses as they were written: bounces are noted letter for letter."""
    texts = set(hints.emails)
    for record in found.records:
        for name in (name for name, kind in contact_columns(record.source).items() if kind == "email"):
            value = record.values[name]
            texts.update(value if isinstance(value, list) else [value] if value else [])
    parts = {part for text in texts for part in re.split(r"[;,\s]+", text)}
    return {part for part in parts if found.keys.intersection(email_keys(part))}


def remaining(connection: sa.Connection, hints: Hints, keys: Iterable[Key]) -> int:
    """The proof after an erasure: records and card values that still bear one of the keys."""
    contacts = [key for key in keys if key.kind != "source_id"]
    emails = [key.value for key in contacts if key.kind == "email"]
    numbers = [key.value for key in contacts if key.kind == "phone"]
    person, organization = crm.person.c, crm.organization.c
    bearing = {
        person.email: emails,
        crm.person_email.c.email: emails,
        audience_member.c.email: emails,
        organization.email: emails,
        organization.invoice_email: emails,
        person.phone: numbers,
        crm.person_phone.c.phone: numbers,
        organization.phone: numbers,
    }
    on_cards = 0
    for column, values in bearing.items():
        counted = sa.select(sa.func.count()).select_from(column.table)
        on_cards += connection.execute(
            counted.where(_any_of(sa.func.lower(column, type_=sa.Text()), values))
        ).scalar_one()
    return on_cards + len(find(connection, hints).records)


def legal_holds(connection: sa.Connection, policy: Policy, now: datetime) -> list[RowHold]:
    """The holds that an erasure does not set aside: a restriction is the person's own to end."""
    return [hold for hold in load_holds(connection, policy, now) if hold.kind == "legal"]


def is_kept(holds: Iterable[RowHold], source: str, values: Mapping[str, Any]) -> bool:
    """Whether one of some holds is about a row of a source entity."""
    return any(hold.keeps(qualified(landing.TABLES[source]), values) for hold in holds)


def held_facts(
    connection: sa.Connection, holds: Sequence[RowHold], ids: Iterable[RecordId]
) -> dict[str, list[Mapping[str, Any]]]:
    """Rows of inquiries and invoices on some records that a legal hold keeps, by source entity."""
    records, held = list(ids), {hold.data for hold in holds}
    found: dict[str, list[Mapping[str, Any]]] = {}
    for source, (owner, _) in OWNERS.items():
        table = landing.TABLES[source]
        if owner == source or qualified(table) not in held:
            continue
        rows = connection.execute(sa.select(table).where(hanging_on(source, records))).mappings()
        kept: list[Mapping[str, Any]] = [dict(row) for row in rows]
        if kept := [row for row in kept if is_kept(holds, source, row)]:
            found[source] = kept
    return found


def ids_by_source(rows: Mapping[str, Iterable[Mapping[str, Any]]]) -> dict[str, tuple[str, ...]]:
    """The ids of inquiries and invoices, given as rows by source entity."""
    return {source: tuple(str(row["id"]) for row in some) for source, some in rows.items()}


def _remove_facts(
    connection: sa.Connection, ids: Iterable[RecordId], kept: Mapping[str, Sequence[str]]
) -> None:
    """Inquiries and invoices that hang on the records, in landing and on the cards."""
    records = list(ids)
    for source, (owner, _) in OWNERS.items():
        if owner == source:
            continue
        table, shown = landing.TABLES[source], FACTS[source]
        gone = hanging_on(source, records)
        if kept.get(source):
            gone = sa.and_(gone, sa.not_(has_id(table, kept[source])))
        removed = list(connection.scalars(sa.delete(table).where(gone).returning(table.c.id)))
        connection.execute(sa.delete(shown).where(_any_of(next(iter(shown.primary_key)), removed)))


def _remove_records(connection: sa.Connection, ids: Iterable[RecordId]) -> None:
    for source, keys in _by_source(ids).items():
        connection.execute(sa.delete(landing.TABLES[source]).where(has_id(landing.TABLES[source], keys)))
        connection.execute(
            sa.delete(landing.rejected).where(
                landing.rejected.c.source == source, _any_of(landing.rejected.c.source_id, keys)
            )
        )
        if source in FACTS:
            connection.execute(sa.delete(FACTS[source]).where(has_id(FACTS[source], keys)))


def _blank(connection: sa.Connection, record: SourceRecord, keys: frozenset[Key]) -> None:
    """Take the erased addresses and numbers out of an organisation's record, and off its card."""
    changes = {
        name: without(record.values[name], kind, keys)
        for name, kind in contact_columns(record.source).items()
        if record.values[name]
    }
    table = landing.TABLES[record.source]
    connection.execute(
        sa.update(table)
        .where(has_id(table, [record.source_id]))
        # No read has this hash, so the next one writes the row anew (and blanks it again).
        .values(**changes, content_hash=b"", last_changed_at=sa.func.now())
    )


def _remove_from_cards(
    connection: sa.Connection, ids: Iterable[RecordId], companies: Iterable[SourceRecord]
) -> None:
    """The values that came from the records; who is on which card is for the next making of the cards."""
    records = list(ids)
    for table in (crm.person_email, crm.person_phone, crm.affiliation, audience_member):
        connection.execute(sa.delete(table).where(_from(table, records)))
    _blank_card(connection, crm.person, "person", records, None)
    # A company's card may show what one of its people wrote; its status and number are not theirs.
    _blank_card(connection, crm.organization, "organization", records, ("name", *_CONTACTS))
    _blank_card(connection, crm.organization, "organization", [one.id for one in companies], _CONTACTS)
    for table in (crm.match_link, crm.match_review):
        for side in ("left", "right"):
            connection.execute(
                sa.delete(table).where(
                    sa.tuple_(table.c[f"{side}_source"], table.c[f"{side}_source_id"]).in_(records)
                )
            )


def _blank_card(
    connection: sa.Connection,
    card: sa.Table,
    entity: str,
    records: list[RecordId],
    fields: Sequence[str] | None,
) -> None:
    """Empty the fields of cards that came from some records; `fields` narrows it to some of them."""
    origin = crm.field_origin
    where = sa.and_(origin.c.entity == entity, _from(origin, records))
    if fields is not None:
        where = sa.and_(where, origin.c.field.in_(fields))
    by_field: dict[str, list[str]] = defaultdict(list)
    for row in connection.execute(
        sa.delete(origin).where(where).returning(origin.c.field, origin.c.entity_id)
    ):
        by_field[row.field].append(row.entity_id)
    for name, cards in sorted(by_field.items()):
        connection.execute(sa.update(card).where(_any_of(card.c[f"{entity}_id"], cards)).values({name: None}))


def _remove_decisions(connection: sa.Connection, ids: Iterable[RecordId], keys: frozenset[Key]) -> None:
    """What people decided about the records and their addresses says who the person was."""
    records = list(ids)
    decision = crm.match_decision
    for side in ("left", "right"):
        connection.execute(
            sa.delete(decision).where(
                sa.tuple_(decision.c[f"{side}_source"], decision.c[f"{side}_source_id"]).in_(records)
            )
        )
    stored = connection.execute(
        sa.select(decision.c.decision_id, decision.c.key_value).where(decision.c.key_value.is_not(None))
    )
    named = [
        row.decision_id
        for row in stored
        if keys.intersection((*email_keys(row.key_value), *phone_keys(row.key_value)))
    ]
    connection.execute(sa.delete(decision).where(_any_of(decision.c.decision_id, named)))


def _from(table: sa.Table, records: list[RecordId]) -> sa.ColumnElement[bool]:
    return sa.tuple_(table.c.source, table.c.source_id).in_(records)


def _by_source(ids: Iterable[RecordId]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for source, source_id in ids:
        found[source].append(source_id)
    return found


def _any_of(column: sa.ColumnElement[Any], values: list[Any]) -> sa.ColumnElement[bool]:
    return column == sa.any_(sa.literal(values, pg.ARRAY(column.type)))
