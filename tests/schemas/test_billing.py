"""What crm.license and crm.billing say of each customer, against figures worked out by hand.

The queries of the views are asked at instants of the test's choosing; that the views are made of just these
queries is shown in tests/pipelines/store/test_migrate.py.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa

from schemas.tables import crm, views

ORGANIZATION, OTHER = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"
PERSON = "00000000-0000-4000-8000-0000000000cc"
NOON = datetime(2026, 5, 4, 10, 0, tzinfo=UTC)
TODAY = date(2026, 5, 4)


class Cards:
    """Invoices and subscriptions on cards, and what the two views make of them at an instant."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._ids = count(1)

    def invoice(self, amount: str, day: date, **fields: Any) -> int:
        """An invoice of the organisation in kroner, with nothing paid; returns its id."""
        key = next(self._ids)
        owned = {} if "person_id" in fields else {"organization_id": ORGANIZATION}
        values = {
            "invoice_id": key,
            "invoice_number": 1_000 + key,
            "invoice_date": day,
            "due_date": date(2026, 12, 31),
            "amount_currency": Decimal(amount),
            "amount_currency_outstanding": Decimal(amount),
            "amount_outstanding": Decimal(amount),
            "currency": "NOK",
            **owned,
            **fields,
        }
        self._insert(crm.invoice, values)
        return key

    def subscription(self, day: date | None = date(2026, 1, 1), **fields: Any) -> int:
        """A running line of an order of the organisation; returns its id."""
        key = next(self._ids)
        owned = {} if "person_id" in fields else {"organization_id": ORGANIZATION}
        values = {
            "subscription_id": key,
            "order_id": key,
            "order_date": day,
            "is_closed": False,
            "product_name": "Lisens Basis",
            "quantity": Decimal(1),
            "unit_price": Decimal(9_900),
            "discount": Decimal(0),
            "currency": "NOK",
            **owned,
            **fields,
        }
        self._insert(crm.subscription, values)
        return key

    def move(self, table: sa.Table, **to: Any) -> None:
        """What a merge or a split does: everything of a table hangs on another card."""
        with self._engine.begin() as connection:
            connection.execute(sa.update(table).values(to))

    def licenses(self, now: datetime = NOON) -> dict[int, Any]:
        """Rows of crm.license by id."""
        with self._engine.connect() as connection:
            return {row.license_id: row for row in connection.execute(views.licenses(_at(now)))}

    def billing(self, now: datetime = NOON) -> list[Any]:
        """Rows of crm.billing, by currency."""
        query = views.bills(_at(now), views.licenses(_at(now)).subquery("license"))
        named = sa.select(
            *(
                sa.label(column.name, shown)
                for column, shown in zip(views.billing.c, query.subquery("shown").c, strict=True)
            )
        )
        with self._engine.connect() as connection:
            return sorted(connection.execute(named).all(), key=lambda row: str(row.currency))

    def _insert(self, table: sa.Table, values: dict[str, Any]) -> None:
        with self._engine.begin() as connection:
            connection.execute(sa.insert(table).values(values))


def _at(now: datetime) -> sa.ColumnElement[Any]:
    return sa.literal(now, sa.DateTime(timezone=True))


@pytest.fixture
def cards(crm_engine: sa.Engine) -> Cards:
    return Cards(crm_engine)


def only(rows: list[Any]) -> Any:
    (row,) = rows
    return row


# What is owed


def test_every_figure_of_a_customer(cards: Cards) -> None:
    """10,000 is paid; 3,500.50 of 6,000 was due on 14 April, 3,200 on 3 May; 8,000 is not due yet."""
    nothing = {"amount_currency_outstanding": Decimal(0), "amount_outstanding": Decimal(0)}
    cards.invoice("10000", date(2024, 2, 29), due_date=date(2024, 3, 14), **nothing)
    cards.invoice(
        "6000", date(2026, 3, 31), due_date=date(2026, 4, 14), amount_currency_outstanding=Decimal("3500.50")
    )
    cards.invoice("3200", date(2026, 4, 19), due_date=date(2026, 5, 3))
    last = cards.invoice("8000", date(2026, 4, 30), due_date=date(2026, 5, 14))
    row = only(cards.billing())
    assert (row.organization_id, row.person_id, row.currency) == (ORGANIZATION, None, "NOK")
    assert row.customer_since == date(2024, 2, 29)
    assert (row.last_invoice_id, row.last_invoice_number) == (last, 1_000 + last)
    assert (row.last_invoice_date, row.last_invoice_amount) == (date(2026, 4, 30), Decimal(8_000))
    assert row.invoices == 4
    assert row.amount_outstanding == Decimal("14700.50")
    assert row.amount_overdue == Decimal("6700.50")
    assert row.days_overdue == 20
    assert (row.active_licenses, row.active_license_names) == (0, [])


def test_a_credit_note_is_no_invoice_and_what_it_leaves_open_is_taken_off(cards: Cards) -> None:
    """80,000 was billed by mistake, 1,000 of it paid: the note owes the customer 1,000."""
    cards.invoice("5000", date(2026, 2, 1), due_date=date(2026, 6, 1))
    wrong = cards.invoice(
        "80000",
        date(2026, 3, 1),
        due_date=date(2026, 3, 15),
        is_credited=True,
        amount_currency_outstanding=Decimal(0),
    )
    cards.invoice(
        "-80000",
        date(2026, 4, 1),
        due_date=date(2026, 4, 1),
        is_credit_note=True,
        credited_invoice_id=wrong,
        amount_currency_outstanding=Decimal(-1_000),
    )
    row = only(cards.billing())
    assert (row.last_invoice_id, row.invoices) == (wrong, 2)
    assert row.amount_outstanding == Decimal(4_000)
    assert (row.amount_overdue, row.days_overdue) == (0, 0)


def test_a_customer_of_credit_notes_only_has_no_last_invoice(cards: Cards) -> None:
    cards.invoice("-500", date(2026, 4, 1), due_date=date(2026, 4, 1), is_credit_note=True)
    row = only(cards.billing())
    assert (row.customer_since, row.last_invoice_id, row.invoices) == (None, None, 0)
    assert (row.amount_outstanding, row.amount_overdue) == (Decimal(-500), 0)


def test_currencies_are_never_added_up(cards: Cards) -> None:
    cards.invoice("1000.10", date(2026, 4, 1), due_date=date(2026, 4, 15))
    cards.invoice("200.20", date(2025, 4, 1), due_date=date(2026, 4, 30), currency="EUR")
    cards.subscription(currency="EUR", product_name="Lisens Pluss")
    euro, kroner = cards.billing()
    assert (euro.currency, euro.amount_outstanding, euro.days_overdue) == ("EUR", Decimal("200.20"), 4)
    assert (kroner.currency, kroner.amount_outstanding, kroner.days_overdue) == (
        "NOK",
        Decimal("1000.10"),
        19,
    )
    assert (euro.active_license_names, kroner.active_license_names) == (["Lisens Pluss"], [])
    assert euro.customer_since == kroner.customer_since == date(2025, 4, 1)


def test_sums_are_exact(cards: Cards) -> None:
    for _ in range(10):
        cards.invoice("0.10", date(2026, 4, 1))
    assert only(cards.billing()).amount_outstanding == Decimal("1.00")


def test_the_open_amount_counts_in_the_currency_of_the_invoice_where_it_is_told(cards: Cards) -> None:
    cards.invoice("100", date(2026, 4, 1), currency="EUR", amount_outstanding=Decimal(1_150))
    cards.invoice("50", date(2026, 4, 1), currency="EUR", amount_currency_outstanding=None)
    assert only(cards.billing()).amount_outstanding == Decimal(150)


@pytest.mark.parametrize(
    ("now", "days"),
    [
        # Summer time begins on 29 March 2026; the day before, Norway is one hour ahead of UTC.
        ("2026-03-28T22:59:59+00:00", 0),
        ("2026-03-28T23:00:00+00:00", 1),
        ("2026-03-29T21:59:59+00:00", 1),
        ("2026-03-29T22:00:00+00:00", 2),
        # It ends on 25 October.
        ("2026-10-24T22:00:00+00:00", 211),
        ("2026-10-25T22:59:59+00:00", 211),
        ("2026-10-25T23:00:00+00:00", 212),
    ],
)
def test_an_invoice_is_overdue_from_midnight_in_norway_after_its_due_date(
    cards: Cards, now: str, days: int
) -> None:
    cards.invoice("700", date(2026, 3, 14), due_date=date(2026, 3, 28))
    row = only(cards.billing(datetime.fromisoformat(now)))
    assert (row.days_overdue, row.amount_overdue) == (days, 700 if days else 0)


def test_an_invoice_without_a_due_date_is_never_overdue(cards: Cards) -> None:
    cards.invoice("700", date(2020, 1, 1), due_date=None)
    assert (only(cards.billing()).amount_overdue, only(cards.billing()).days_overdue) == (0, 0)


def test_of_two_invoices_of_a_day_the_later_one_is_the_last_and_one_without_a_date_the_first(
    cards: Cards,
) -> None:
    cards.invoice("1", date(2026, 4, 1))
    last = cards.invoice("2", date(2026, 4, 1))
    undated = cards.invoice("3", date(2026, 4, 1), invoice_date=None)
    assert undated > last
    assert only(cards.billing()).last_invoice_id == last


def test_an_invoice_hangs_on_the_organisation_where_it_has_both_and_on_no_row_without_a_card(
    cards: Cards,
) -> None:
    cards.invoice("1", date(2026, 4, 1), organization_id=ORGANIZATION, person_id=PERSON)
    cards.invoice("2", date(2026, 4, 1), organization_id=None, person_id=PERSON)
    cards.invoice("4", date(2026, 4, 1), organization_id=None, person_id=None)
    rows = {(row.organization_id, row.person_id): row.amount_outstanding for row in cards.billing()}
    assert rows == {(ORGANIZATION, None): 1, (None, PERSON): 2}


def test_what_merges_is_billed_on_one_card_and_what_splits_on_two(cards: Cards) -> None:
    cards.invoice("1", date(2026, 4, 1))
    cards.invoice("2", date(2025, 4, 1), organization_id=OTHER)
    cards.subscription(organization_id=OTHER)
    assert {row.organization_id for row in cards.billing()} == {ORGANIZATION, OTHER}
    for table in (crm.invoice, crm.subscription):
        cards.move(table, organization_id=ORGANIZATION)
    merged = only(cards.billing())
    assert (merged.amount_outstanding, merged.invoices, merged.active_licenses) == (3, 2, 1)
    assert merged.customer_since == date(2025, 4, 1)


# Licences


def test_a_line_of_an_open_order_is_an_active_licence(cards: Cards) -> None:
    key = cards.subscription(
        date(2025, 5, 4),
        order_id=77,
        order_number="12",
        product_id=5,
        product_number="200",
        quantity=Decimal("2.5"),
        unit_price=Decimal("1290.125"),
        discount=Decimal("12.5"),
        currency="EUR",
        periods_on_invoice=12,
        period_unit="MONTHS",
    )
    row = cards.licenses()[key]
    assert (row.organization_id, row.person_id, row.order_id, row.order_number) == (
        ORGANIZATION,
        None,
        77,
        "12",
    )
    assert (row.product_id, row.product_number, row.product_name) == (5, "200", "Lisens Basis")
    assert (row.quantity, row.unit_price, row.discount) == (
        Decimal("2.5"),
        Decimal("1290.125"),
        Decimal("12.5"),
    )
    # 2.5 x 1,290.125 = 3,225.3125, less 12.5 % = 2,822.1484...
    assert (row.amount, row.currency) == (Decimal("2822.15"), "EUR")
    assert (row.periods_on_invoice, row.period_unit) == (12, "MONTHS")
    assert (row.valid_from, row.valid_to, row.is_closed, row.is_active) == (
        date(2025, 5, 4),
        None,
        False,
        True,
    )


@pytest.mark.parametrize(
    ("begun", "duration", "unit", "last_day"),
    [
        (date(2025, 5, 5), 12, "MONTHS", date(2026, 5, 4)),
        (date(2025, 5, 5), 1, "YEAR", date(2026, 5, 4)),
        (date(2024, 2, 29), 1, "YEAR", date(2025, 2, 27)),
        (date(2025, 1, 31), 1, "MONTHS", date(2025, 2, 27)),
        (date(2025, 12, 1), 3, "MONTHS", date(2026, 2, 28)),
        (date(2025, 5, 5), None, "MONTHS", None),
        (date(2025, 5, 5), 12, "WEEKS", None),
        (date(2025, 5, 5), 12, None, None),
        (date(2025, 5, 5), 2**62, "MONTHS", None),
        (date(2025, 5, 5), 2**62, "YEAR", None),
        (date(2025, 5, 5), -3, "MONTHS", None),
        (date(9999, 12, 31), 24, "MONTHS", None),
        (None, 12, "MONTHS", None),
    ],
)
def test_a_licence_lasts_as_long_as_was_agreed(
    cards: Cards, begun: date | None, duration: int | None, unit: str | None, last_day: date | None
) -> None:
    key = cards.subscription(begun, duration=duration, duration_unit=unit)
    assert cards.licenses()[key].valid_to == last_day


@pytest.mark.parametrize(
    ("now", "is_active"),
    [
        ("2025-05-04T21:59:59+00:00", False),
        ("2025-05-04T22:00:00+00:00", True),
        ("2026-05-04T21:59:59+00:00", True),
        ("2026-05-04T22:00:00+00:00", False),
    ],
)
def test_a_licence_is_active_from_its_first_day_to_its_last_in_norway(
    cards: Cards, now: str, is_active: bool
) -> None:
    key = cards.subscription(date(2025, 5, 5), duration=12, duration_unit="MONTHS")
    moment = datetime.fromisoformat(now)
    assert cards.licenses(moment)[key].is_active is is_active
    assert only(cards.billing(moment)).active_licenses == int(is_active)


def test_a_closed_order_is_no_licence_any_more_and_ended_when_it_was_last_changed(cards: Cards) -> None:
    closed = datetime(2026, 4, 1, 22, 30, tzinfo=UTC)
    key = cards.subscription(is_closed=True, closed_at=closed)
    over = cards.subscription(
        date(2024, 1, 1), is_closed=True, closed_at=closed, duration=1, duration_unit="YEAR"
    )
    unknown = cards.subscription(is_closed=True, closed_at=None)
    rows = cards.licenses()
    assert [rows[each].is_active for each in (key, over, unknown)] == [False, False, False]
    assert rows[key].valid_to == date(2026, 4, 2)
    assert rows[over].valid_to == date(2024, 12, 31)
    assert rows[unknown].valid_to is None


def test_a_line_that_does_not_recur_is_no_licence_where_another_says_that_it_does(cards: Cards) -> None:
    fee = cards.subscription(order_id=77, line_is_subscription=False, product_name="Oppstart")
    yearly = cards.subscription(order_id=77, line_is_subscription=True)
    silent = cards.subscription(order_id=78, line_is_subscription=False)
    assert fee not in cards.licenses()
    assert set(cards.licenses()) == {yearly, silent}


def test_the_billing_counts_active_licences_and_names_each_product_once(cards: Cards) -> None:
    for name in ("Lisens Pluss", "SMS-pakke", "SMS-pakke", None):
        cards.subscription(product_name=name)
    cards.subscription(date(2027, 1, 1), product_name="Lisens Basis")
    row = only(cards.billing())
    assert (row.active_licenses, row.active_license_names) == (4, ["Lisens Pluss", "SMS-pakke"])
    assert (row.invoices, row.amount_outstanding, row.amount_overdue, row.days_overdue) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("begun", "since"), [(date(2023, 1, 1), date(2023, 1, 1)), (date(2027, 1, 1), date(2024, 1, 1))]
)
def test_a_customer_is_one_since_the_first_invoice_or_the_first_licence_that_has_begun(
    cards: Cards, begun: date, since: date
) -> None:
    cards.invoice("1", date(2024, 1, 1))
    cards.subscription(begun)
    assert only(cards.billing()).customer_since == since


def test_a_private_customers_licence_hangs_on_the_person(cards: Cards) -> None:
    key = cards.subscription(person_id=PERSON)
    cards.subscription(organization_id=None)
    rows = cards.licenses()
    assert {each: (row.organization_id, row.person_id) for each, row in rows.items()} == {key: (None, PERSON)}
    assert only(cards.billing()).person_id == PERSON


def test_the_reader_may_ask_the_views(cards: Cards, crm_engine: sa.Engine) -> None:
    cards.invoice("1", date(2026, 4, 1))
    cards.subscription()
    with crm_engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL ROLE kundekort_reader")
        assert len(connection.execute(sa.select(views.license)).all()) == 1
        assert len(connection.execute(sa.select(views.billing)).all()) == 1
