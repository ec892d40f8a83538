"""Access (GDPR art. 15): everything held about one person, as data and as a page a person can read.

Only the person's own records and what came from them: another person on the same card stays out.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from connectors.brreg.client_units import SOLE_PROPRIETOR
from pipelines.audiences.dossier import held_of
from pipelines.identity.facts import FACTS, OWNERS
from pipelines.identity.normalise.organizations import organization_number
from pipelines.privacy.disclosures import disclosures_about
from pipelines.privacy.subjects.finding import Hints, RecordId, SourceRecord, find, hanging_on
from schemas.payloads.brreg import BrregUnit
from schemas.policy import Bilingual, Policy
from schemas.tables import crm, landing

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Dossier:
    """All that is held, with origin, purpose, period and recipients. Personal data throughout."""

    made_at: datetime
    controller: Mapping[str, str]
    records: tuple[Row, ...] = field(repr=False)
    """The source records as they are held, each with its source, purposes and period."""
    card: tuple[Row, ...] = field(repr=False)
    """Values on the person's card that came from these records, with the rule that chose them."""
    activity: tuple[Row, ...] = field(repr=False)
    """Inquiries, sign-ups, forms and invoices that hang on them."""
    recipients: tuple[Row, ...] = ()
    """Who the data are or were shared with."""
    disclosures: tuple[Row, ...] = ()
    rights: tuple[Bilingual, ...] = ()
    parts: tuple[str, ...] = ("card", "records", "activity", "recipients", "disclosures")
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

    def to_html(self, language: str = "nb") -> str:
        """As a page in Norwegian (`nb`) or English (`en`); stands alone, loads nothing."""
        words = _WORDS[language]
        sections = [
            f"<h1>{words['title']}</h1>",
            f"<p>{_safe(self.controller['name'])}, {_safe(self.controller['organization_number'])}, "
            f"{_safe(self.controller['contact'])}. {self.made_at:%Y-%m-%d}</p>",
            *(f"<h2>{words[name]}</h2>{_table(getattr(self, name), words)}" for name in self.parts),
            f"<h2>{words['rights']}</h2>",
            "<ul>" + "".join(f"<li>{_safe(getattr(text, language))}</li>" for text in self.rights) + "</ul>",
        ]
        return (
            f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">'
            f"<title>{words['title']}</title><style>{_STYLE}</style></head><body>\n"
            + "\n".join(sections)
            + "\n</body></html>\n"
        )


def collect(
    connection: sa.Connection, policy: Policy, hints: Hints, now: datetime, secrets: Sequence[bytes]
) -> Dossier:
    """Everything held about the person of the hints. Raises HintError.

    `secrets`: the present one and those before it, under which bounced addresses are noted.
    """
    found = find(connection, hints)
    ids = [record.id for record in found.records]
    records = tuple(
        {
            "source": record.source,
            "source_id": record.source_id,
            **_why(policy, f"{landing.SCHEMA}.{record.source}"),
            "values": {
                name: value
                for name, value in record.values.items()
                if name != "content_hash" and value not in (None, [])
            },
        }
        for record in found.records
    )
    return Dossier(
        made_at=now,
        controller=_controller(policy),
        records=records,
        card=_card_values(connection, ids),
        activity=(*_activity(connection, ids), *held_of(connection, secrets, found, hints)),
        recipients=_recipients(policy),
        disclosures=_disclosures(connection, policy, ids, _own_businesses(connection, found.records)),
        rights=_RIGHTS,
    )


def collect_disclosures(connection: sa.Connection, policy: Policy, hints: Hints, now: datetime) -> Dossier:
    """Who was told what of the person of the hints, and nothing else (art. 15(1)(c)). Raises HintError.

    A record that was erased is still known by its number, so one that is named is looked for as well.
    """
    found = find(connection, hints)
    ids = sorted({*(record.id for record in found.records), *hints.records} - hints.exclude)
    return Dossier(
        made_at=now,
        controller=_controller(policy),
        records=(),
        card=(),
        activity=(),
        recipients=_recipients(policy),
        disclosures=_disclosures(connection, policy, ids, _own_businesses(connection, found.records)),
        rights=_RIGHTS,
        parts=("recipients", "disclosures"),
    )


def _controller(policy: Policy) -> dict[str, str]:
    one = policy.controller
    return {"name": one.name, "organization_number": one.organization_number, "contact": one.contact}


def _why(policy: Policy, table: str) -> dict[str, Any]:
    rule, data = policy.retention_of(table), policy.data[table]
    return {
        "purposes": [policy.purposes[name].text.nb for name in data.purposes],
        "legal_bases": sorted({policy.purposes[name].legal_basis for name in data.purposes}),
        "clauses": list(data.clauses),
        "kept": rule.expires_after or rule.follows or "",
        "kept_because": rule.basis.nb,
    }


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
        rows += [dict(row) for row in connection.execute(listed).mappings()]
    return tuple(rows)


def _activity(connection: sa.Connection, ids: Sequence[RecordId]) -> tuple[Row, ...]:
    rows: list[Row] = []
    for source, (owner, _) in OWNERS.items():
        table, shown = landing.TABLES[source], FACTS[source]
        if owner == source:
            own = [int(source_id) for of, source_id in ids if of == source]
            where = table.c.id == sa.func.any(sa.literal(own, pg.ARRAY(sa.BigInteger())))
        else:
            where = hanging_on(source, ids)
        for row in connection.execute(sa.select(table).where(where)).mappings():
            values = {
                name: value for name, value in row.items() if name != "content_hash" and value is not None
            }
            rows.append({"what": shown.name, **values})
    return tuple(rows)


def _recipients(policy: Policy) -> tuple[Row, ...]:
    """Those who hold or may be told the person's data."""
    return tuple(
        {
            "name": recipient.name.nb,
            "role": recipient.role,
            "country": recipient.country,
            "transfer": recipient.transfer.nb if recipient.transfer else "",
            "purposes": [policy.purposes[purpose].text.nb for purpose in recipient.purposes],
        }
        for recipient in policy.recipients.values()
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
                "recipient": recipient.name.nb if recipient else told.recipient,
                "first": told.occurred_at,
                "last": told.last_at or told.occurred_at,
                "times": told.times,
                "purpose": _text(policy.purposes, told.purpose),
                "categories": [_text(policy.categories, key) for key in told.categories],
                "about": told.source,
            }
        )
    return tuple(rows)


def _text(words: Mapping[str, Any], key: str) -> str:
    """A purpose or category in words; one that the policy has no more, as it was noted."""
    found = words.get(key)
    text = getattr(found, "text", found)
    return text.nb if isinstance(text, Bilingual) else key


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


def _table(rows: Sequence[Row], words: Mapping[str, str]) -> str:
    if not rows:
        return f"<p>{words['nothing']}</p>"
    names = list(dict.fromkeys(name for row in rows for name in row))
    head = "".join(f"<th>{_safe(name.replace('_', ' '))}</th>" for name in names)
    body = "".join(
        "<tr>" + "".join(f"<td>{_shown(row.get(name))}</td>" for name in names) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return "<br>".join(f"{_safe(name)}: {_shown(part)}" for name, part in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_shown(part) for part in value)
    return _safe(_plain(value) if isinstance(value, date | Decimal | bytes) else value)


def _safe(text: object) -> str:
    return html.escape(str(text))


def _plain(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else str(value)


_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}th,td{border:1px solid #ccc;padding:.3rem .5rem;"
    "text-align:left;vertical-align:top}th{background:#f4f4f4}"
)
_WORDS = {
    "nb": {
        "title": "Opplysninger vi har om deg",
        "card": "Kortet ditt",
        "records": "Kildene",
        "activity": "Henvendelser, påmeldinger, fakturaer, abonnementer og utsendelser",
        "recipients": "Hvem som behandler opplysningene",
        "disclosures": "Hvem som har fått opplysninger",
        "rights": "Rettighetene dine",
        "nothing": "Ingenting.",
    },
    "en": {
        "title": "What we hold about you",
        "card": "Your card",
        "records": "The sources",
        "activity": "Inquiries, sign-ups, invoices, subscriptions and mailings",
        "recipients": "Who processes the data",
        "disclosures": "Who was told",
        "rights": "Your rights",
        "nothing": "Nothing.",
    },
}
_RIGHTS = (
    Bilingual(
        nb="Du kan be om retting, begrensning eller sletting, og protestere mot markedsføring.",
        en="You may ask for rectification, restriction or erasure, and object to marketing.",
    ),
    Bilingual(
        nb="Du kan klage til Datatilsynet.", en="You may complain to the Norwegian Data Protection Authority."
    ),
    Bilingual(
        nb="IP-adresser lagres i registreringssystemet i 14 dager og er ikke knyttet til kortet.",
        en="IP addresses are kept in the registration system for 14 days and are not tied to the card.",
    ),
)
