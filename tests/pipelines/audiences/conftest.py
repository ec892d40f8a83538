"""Cards, customers and invoices as matching leaves them, for the rules of the audiences to be asked of."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Collection
from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from pipelines.audiences.build import build_audiences
from pipelines.audiences.members import Audiences
from schemas.tables import crm, views
from schemas.tables.audiences import audience_change, audience_exclusion, audience_preview
from schemas.tables.landing import TABLES

SECRET = b"s" * 32
NOW = datetime(2026, 5, 4, 1, 30, tzinfo=UTC)


class Town:
    """Puts customers and their people into a store."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self._numbers = itertools.count(1)

    def customer(
        self,
        *,
        status: str = "active",
        is_personal: bool = False,
        is_inactive: bool = False,
        billed: date | None = date(2026, 1, 15),
        **invoice: Any,
    ) -> tuple[str, int]:
        """A company in the ledger, billed in January unless something else is said; its card and its id."""
        card, number = str(uuid.uuid4()), next(self._numbers)
        self.put(
            crm.organization,
            organization_id=card,
            name=f"Firma {number} AS",
            status=status,
            is_personal=is_personal,
        )
        self.put(
            TABLES["tripletex_customer"],
            id=number,
            is_customer=True,
            is_inactive=is_inactive,
            content_hash=b"",
        )
        self.link("tripletex_customer", number, organization=card)
        if billed is not None:
            self.put(
                crm.invoice,
                invoice_id=number,
                invoice_date=billed,
                organization_id=card,
                **({"is_credit_note": False, "is_credited": False} | invoice),
            )
        return card, number

    def license(self, begins: date, *, months: int | None = None, closed: bool = False, **card: str) -> None:
        """A recurring order of a card, by its first day and how long it was agreed for."""
        number = next(self._numbers)
        self.put(
            crm.subscription,
            subscription_id=number,
            order_id=number,
            order_date=begins,
            is_closed=closed,
            duration=months,
            duration_unit=None if months is None else "MONTHS",
            **card,
        )

    def person(self, *emails: str, role: bool = False, roles: Collection[str] = (), **fields: Any) -> str:
        """A person's card with addresses, the first one on the card; all or some of them a role's."""
        card = str(uuid.uuid4())
        self.put(crm.person, person_id=card, **({"is_internal": False, "full_name": "Ola Eksempel"} | fields))
        for place, email in enumerate(emails):
            self.put(
                crm.person_email,
                person_id=card,
                email=email,
                is_primary=place == 0,
                is_role_address=role or email in roles,
                source="helpscout_customer",
                source_id="1",
            )
        return card

    def contact(self, person: str, customer: tuple[str, int], email: str | None, **fields: Any) -> int:
        """The person is a contact of the customer in the ledger; returns the contact's id."""
        number = next(self._numbers)
        self.put(
            TABLES["tripletex_contact"],
            id=number,
            customer_id=customer[1],
            email=email,
            content_hash=b"",
            **fields,
        )
        self.link("tripletex_contact", number, person=person, organization=customer[0])
        return number

    def acts(self, person: str, customer: tuple[str, int], source: str) -> int:
        """Another source ties the person to the customer; returns the id of its record."""
        number = next(self._numbers)
        self.link(source, number, person=person, organization=customer[0])
        return number

    def private(self, person: str, email: str, *, billed: date | None = date(2026, 1, 15)) -> None:
        """The person is a private customer."""
        number = next(self._numbers)
        self.put(
            TABLES["tripletex_customer"],
            id=number,
            email=email,
            is_private_individual=True,
            is_inactive=False,
            content_hash=b"",
        )
        self.link("tripletex_customer", number, person=person)
        if billed is not None:
            self.put(crm.invoice, invoice_id=number, invoice_date=billed, person_id=person)

    def link(
        self, source: str, number: int, *, person: str | None = None, organization: str | None = None
    ) -> None:
        self.put(
            crm.source_link,
            source=source,
            source_id=str(number),
            person_id=person,
            organization_id=organization,
        )

    def put(self, table: sa.Table, **values: Any) -> None:
        """One row."""
        with self.engine.begin() as connection:
            connection.execute(sa.insert(table).values(**values))

    def build(self, run_id: str = "run", **options: Any) -> Audiences:
        """Build the audiences."""
        return build_audiences(self.engine, [SECRET], run_id, options.pop("now", NOW), **options)

    def updated(self) -> dict[str, Any]:
        """Members of important_updates by address."""
        return self._view(views.audience_important_updates)

    def invited(self) -> dict[str, Any]:
        """Members of course_invitations by address."""
        return self._view(views.audience_course_invitations)

    def changes(self, run_id: str) -> list[tuple[str, str, str]]:
        """What a build noted: audience, change and reason."""
        table = audience_change.c
        with self.engine.connect() as connection:
            rows = connection.execute(
                sa.select(table.audience, table.change, table.reason).where(table.run_id == run_id)
            )
            return sorted((row.audience, row.change, row.reason) for row in rows)

    def excluded(self) -> list[tuple[str, str, str]]:
        """Audience, person and reason of those something stands against."""
        return self._rows(audience_exclusion)

    def previewed(self) -> list[tuple[str, ...]]:
        """Audience, person, change and reason, as the last preview found."""
        return self._rows(audience_preview)

    def _rows(self, table: sa.Table) -> list[Any]:
        with self.engine.connect() as connection:
            return sorted(map(tuple, connection.execute(sa.select(table))))

    def _view(self, view: sa.Table) -> dict[str, Any]:
        with self.engine.connect() as connection:
            rows = connection.execute(sa.select(view)).all()
        assert len({row.person_id for row in rows}) == len(rows)
        return {row.email: row for row in rows}


@pytest.fixture
def town(crm_engine: sa.Engine) -> Town:
    return Town(crm_engine)
