"""Access (GDPR art. 15): everything held about one person, as data; access_page.py makes the page of it.

Only the person's own records and what came from them: another person on the same card stays out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from connectors.brreg.client_units import SOLE_PROPRIETOR
from pipelines.identity.facts import FACTS, OWNERS
from pipelines.identity.normalise.organizations import organization_number
from pipelines.privacy.disclosures import disclosures_about
from pipelines.privacy.holds import RowHold
from pipelines.privacy.records import categories_of, kept, role
from pipelines.privacy.subjects.access_audiences import held_by_audiences
from pipelines.privacy.subjects.access_duties import duties_told
from pipelines.privacy.subjects.access_words import information
from pipelines.privacy.subjects.erasure import is_kept, legal_holds
from pipelines.privacy.subjects.finding import Found, Hints, RecordId, SourceRecord, find_one, hanging_on
from pipelines.privacy.subjects.rights import count_objections, restricted
from schemas.payloads.brreg import BrregUnit
from schemas.policy import LEGAL_BASES, Bilingual, Policy
from schemas.tables import all_tables, crm, landing, qualified
from schemas.tables.privacy import objection
from schemas.tables.registration import application_case, application_decision, registration

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Dossier:
    """All that is held, with origin, purpose, period and recipients. Personal data throughout.

    Texts of the policy are in both languages; values are as they are held.
    """

    made_at: datetime
    controller: Mapping[str, str]
    records: tuple[Row, ...] = field(repr=False)
    """The source records as they are held, each with its source, purposes and period."""
    card: tuple[Row, ...] = field(repr=False)
    """Values on the person's card that came from these records, with the rule that chose them."""
    activity: tuple[Row, ...] = field(repr=False)
    """What hangs on them: inquiries, invoices, how a form was dealt with, lists of mailings."""
    reasons: tuple[Row, ...] = ()
    """Of each kind of data held: why, by which right, where from, and until when."""
    recipients: tuple[Row, ...] = ()
    """Who the data are or were shared with."""
    disclosures: tuple[Row, ...] = ()
    information: tuple[Row, ...] = ()
    """What the person has to be told besides, under a title each."""
    parts: tuple[str, ...] = (
        "card",
        "records",
        "activity",
        "reasons",
        "recipients",
        "disclosures",
        "information",
    )
    """What was asked for, in order; a part that was not asked for is not said to be empty."""

    def counts(self) -> dict[str, int]:
        """What is in it, in numbers."""
        return {
            "records": len(self.records),
            "card_values": len(self.card),
            "activity": len(self.activity),
            "disclosures": len(self.disclosures),
        }

    def to_json(self) -> str:
        """As data that another system can read (GDPR art. 20)."""
        document = {
            "made_at": self.made_at,
            "controller": self.controller,
            **{name: getattr(self, name) for name in self.parts},
        }
        return json.dumps(document, default=_plain, ensure_ascii=False, indent=2) + "\n"


def collect(
    connection: sa.Connection, policy: Policy, hints: Hints, now: datetime, secrets: Sequence[bytes]
) -> Dossier:
    """Everything held about the person of the hints. Raises HintError.

    `secrets`: the present one and those before it, under which bounced addresses are noted.
    """
    found = find_one(connection, hints)
    ids = [record.id for record in found.records]
    holds = legal_holds(connection, policy, now)
    records = _records(connection, policy, found, holds)
    card = _card_values(connection, ids)
    activity = (*_activity(connection, policy, ids, holds), *_kept_beside(connection, secrets, found, hints))
    return Dossier(
        made_at=now,
        controller=_controller(policy),
        records=records,
        card=card,
        activity=activity,
        reasons=_reasons(policy, records, card, activity),
        recipients=_recipients(policy),
        disclosures=_disclosures(connection, policy, ids, _own_businesses(connection, found.records)),
        information=information(policy),
    )


def collect_disclosures(connection: sa.Connection, policy: Policy, hints: Hints, now: datetime) -> Dossier:
    """Who was told what of the person of the hints, and nothing else (art. 15(1)(c)). Raises HintError.

    A record that was erased is still known by its number, so one that is named is looked for as well.
    """
    found = find_one(connection, hints)
    ids = sorted({*(record.id for record in found.records), *hints.records} - hints.exclude)
    return Dossier(
        made_at=now,
        controller=_controller(policy),
        records=(),
        card=(),
        activity=(),
        recipients=_recipients(policy),
        disclosures=_disclosures(connection, policy, ids, _own_businesses(connection, found.records)),
        information=information(policy),
        parts=("recipients", "disclosures", "information"),
    )


def _controller(policy: Policy) -> dict[str, str]:
    one = policy.controller
    return {"name": one.name, "organization_number": one.organization_number, "contact": one.contact}


def _kept_by(policy: Policy, holds: Sequence[RowHold], source: str, values: Row) -> Row:
    """Which duties keep a row, where any does."""
    standing = [hold for hold in holds if is_kept([hold], source, values)]
    return {"held_by_law": list(duties_told(policy, standing))} if standing else {}


def _records(
    connection: sa.Connection, policy: Policy, found: Found, holds: Sequence[RowHold]
) -> tuple[Row, ...]:
    """The source records as they are held, and what keeps one from being used or deleted."""
    unused = restricted(connection)
    return tuple(
        {
            "source": record.source,
            "source_id": record.source_id,
            "values": {
                name: value
                for name, value in record.values.items()
                if name != "content_hash" and value not in (None, [])
            },
            **({"restricted": True} if record.id in unused else {}),
            **_kept_by(policy, holds, record.source, record.values),
        }
        for record in found.records
    )


def _reasons(
    policy: Policy, records: Sequence[Row], card: Sequence[Row], activity: Sequence[Row]
) -> tuple[Row, ...]:
    """Each kind of what is shown, once: purposes, legal bases, categories, period (art. 15(1)(a) to (d))."""
    tables = {qualified(table): table for table in all_tables()}
    held = {one["source"]: f"{landing.SCHEMA}.{one['source']}" for one in records}
    if card:
        held[crm.person.name] = qualified(crm.person)
    # What hangs on a record is held as the source has it; everything else has its name from its own table.
    landed = {fact.name: f"{landing.SCHEMA}.{source}" for source, fact in FACTS.items()}
    own = {table.name: name for name, table in tables.items() if table.schema != landing.SCHEMA}
    held |= {one["what"]: landed.get(one["what"]) or own[one["what"]] for one in activity}
    return tuple(
        {
            "what": what,
            "purposes": [policy.purposes[purpose].text for purpose in policy.data[table].purposes],
            "legal_bases": [
                LEGAL_BASES[basis]
                for basis in sorted(
                    {policy.purposes[purpose].legal_basis for purpose in policy.data[table].purposes}
                )
            ],
            "categories": [policy.categories[key] for key in categories_of(policy, [tables[table]])],
            "clauses": [policy.clauses[clause].title for clause in policy.data[table].clauses],
            "kept": kept(policy, policy.retention_of(table)),
        }
        for what, table in held.items()
    )


def _card_values(connection: sa.Connection, ids: Sequence[RecordId]) -> tuple[Row, ...]:
    """Fields of cards, addresses and numbers that came from the records, each with its origin."""
    if not ids:
        return ()
    origin, person = crm.field_origin, crm.person
    fields = [column for column in person.columns if not column.primary_key]
    value = sa.case(*((origin.c.field == column.name, sa.cast(column, sa.Text)) for column in fields))
    of_card = (
        sa.select(origin.c.field, value.label("value"), origin.c.source, origin.c.source_id, origin.c.rule)
        .join(person, sa.and_(origin.c.entity == "person", person.c.person_id == origin.c.entity_id))
        .where(sa.tuple_(origin.c.source, origin.c.source_id).in_(ids))
        .order_by(origin.c.field)
    )
    rows: list[Row] = [dict(row) for row in connection.execute(of_card).mappings()]
    for name, table in (("email", crm.person_email), ("phone", crm.person_phone)):
        listed = sa.select(
            sa.literal(name).label("field"), table.c[name].label("value"), table.c.source, table.c.source_id
        ).where(sa.tuple_(table.c.source, table.c.source_id).in_(ids))
        shown = {(row["field"], row["value"], row["source"], row["source_id"]) for row in rows}
        rows += [
            dict(row) for row in connection.execute(listed).mappings() if tuple(row.values()) not in shown
        ]
    tied, organization = crm.affiliation, crm.organization
    acting = (
        sa.select(
            sa.literal("organization").label("field"),
            organization.c.name.label("value"),
            organization.c.organization_number,
            tied.c.source,
            tied.c.source_id,
            tied.c.rule,
        )
        .join(organization, organization.c.organization_id == tied.c.organization_id)
        .where(sa.tuple_(tied.c.source, tied.c.source_id).in_(ids))
        .order_by(organization.c.name)
    )
    rows += [dict(row) for row in connection.execute(acting).mappings()]
    return tuple(rows)


def _activity(
    connection: sa.Connection, policy: Policy, ids: Sequence[RecordId], holds: Sequence[RowHold]
) -> tuple[Row, ...]:
    """Inquiries, invoices and subscriptions that hang on the records; a sign-up is itself a record."""
    rows: list[Row] = []
    for source, (owner, _) in OWNERS.items():
        if owner == source:
            continue
        table, shown = landing.TABLES[source], FACTS[source]
        own = sa.select(table).where(hanging_on(source, ids)).order_by(table.c.id)
        rows += [
            {
                "what": shown.name,
                **_present(row, without=("content_hash",)),
                **_kept_by(policy, holds, source, dict(row)),
            }
            for row in connection.execute(own).mappings()
        ]
    return tuple(rows)


def _kept_beside(
    connection: sa.Connection, secrets: Sequence[bytes], found: Found, hints: Hints
) -> tuple[Row, ...]:
    """How the person's forms were dealt with, which lists of mailings they are on, and their objections."""
    rows: list[Row] = []
    forms = [int(record.source_id) for record in found.records if record.source == "order_form"]
    for table in (application_case, application_decision):
        mine = sa.select(table).where(
            table.c.application_id == sa.func.any(sa.literal(forms, pg.ARRAY(sa.BigInteger())))
        )
        # Who decided is an employee, another person.
        rows += [
            {"what": table.name, **_present(row, without=("decided_by",))}
            for row in connection.execute(mine.order_by(table.c.application_id)).mappings()
        ]
    sent = sa.select(
        *(registration.c[name] for name in ("object", "state", "tripletex_id", "sent_at", "settled_at"))
    ).where(registration.c.entity_id.in_(found.person_ids))
    rows += [{"what": registration.name, **_present(row)} for row in connection.execute(sent).mappings()]
    rows += held_by_audiences(connection, secrets, found, hints)
    if count_objections(connection, secrets, found.keys | hints.keys()):
        rows.append({"what": objection.name, "is_noted": True})
    return tuple(rows)


def _present(row: sa.RowMapping, without: Sequence[str] = ()) -> Row:
    """What has a value."""
    return {name: value for name, value in row.items() if value not in (None, []) and name not in without}


def _recipients(policy: Policy) -> tuple[Row, ...]:
    """Those who hold or may be told the person's data; not those who are sent operational facts alone."""
    every = set(policy.clauses)
    return tuple(
        {
            "name": recipient.name,
            "role": role(recipient.role),
            "country": recipient.country,
            **({"transfer": recipient.transfer} if recipient.transfer else {}),
            "purposes": [policy.purposes[purpose].text for purpose in recipient.purposes],
        }
        for recipient in policy.recipients.values()
        if any(set(policy.purposes[purpose].clauses) != every for purpose in recipient.purposes)
    )


def _disclosures(
    connection: sa.Connection, policy: Policy, ids: Sequence[RecordId], own_numbers: Sequence[str]
) -> tuple[Row, ...]:
    """Who was told what about the records, and about the businesses that the person runs alone."""
    units = [(BrregUnit.source, number) for number in own_numbers]
    rows = []
    for told in disclosures_about(connection, [*ids, *units]):
        recipient = policy.recipients.get(told.recipient)
        rows.append(
            {
                "recipient": recipient.name if recipient else told.recipient,
                "first": told.occurred_at,
                "last": told.last_at or told.occurred_at,
                "times": told.times,
                "purpose": _text(policy.purposes, told.purpose),
                "categories": [_text(policy.categories, key) for key in told.categories],
                "about": told.source,
            }
        )
    return tuple(rows)


def _text(words: Mapping[str, Any], key: str) -> Bilingual | str:
    """A purpose or category in words; one that the policy has no more, as it was noted."""
    found = words.get(key)
    text = getattr(found, "text", found)
    return text if isinstance(text, Bilingual) else key


def _own_businesses(connection: sa.Connection, records: Sequence[SourceRecord]) -> list[str]:
    """Numbers of the sole proprietorships that the person's own records name."""
    named = {record.values.get("organization_number") for record in records}
    numbers = {number for text in named if text and (number := organization_number(str(text)))}
    unit = landing.TABLES[BrregUnit.source]
    return list(
        connection.scalars(
            sa.select(unit.c.number).where(
                unit.c.number == sa.func.any(sa.literal(sorted(numbers), pg.ARRAY(sa.Text()))),
                unit.c.organization_form == SOLE_PROPRIETOR,
            )
        )
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Bilingual):
        return value.model_dump()
    if isinstance(value, date):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else str(value)
