"""What a customer is billed and subscribes to follows the card through merges, splits and losses."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
import sqlalchemy as sa

from pipelines.identity.rebuild import refresh
from schemas.tables import views
from tests.pipelines.identity.conftest import Landing

FJORD, BRE = "310000019", "310000027"
NAMES = {FJORD: "FJORDBAKERI AS", BRE: "BRE VERKSTED AS"}


@pytest.fixture
def store(landing: Landing) -> Landing:
    """Two companies in the ledger, each billed once and with a licence."""
    for key, (number, name) in enumerate(NAMES.items(), 1):
        landing.put("brreg_unit", number, status="active", name=name, organization_form="AS")
        _customer(landing, key, number)
        landing.put(
            "tripletex_invoice",
            key,
            customer_id=key,
            invoice_date=date(2026, 1, key),
            amount_currency_outstanding=Decimal(100 * key),
            currency="NOK",
        )
        landing.put(
            "tripletex_subscription",
            key,
            order_id=key,
            customer_id=key,
            order_date=date(2026, 1, 1),
            product_name=f"Lisens {key}",
            currency="NOK",
        )
    return landing


def _customer(landing: Landing, key: int, number: str) -> None:
    landing.put(
        "tripletex_customer",
        key,
        name=NAMES[number].title(),
        organization_number=number,
        is_private_individual=False,
    )


def bills(engine: sa.Engine) -> set[tuple[Decimal, int, tuple[str, ...]]]:
    """What is outstanding, the invoices and the licences of each card, after a run."""
    refresh(engine, "run")
    billing = views.billing.c
    shown = sa.select(billing.amount_outstanding, billing.invoices, billing.active_license_names)
    with engine.connect() as connection:
        return {(open_, number, tuple(names)) for open_, number, names in connection.execute(shown)}


APART = {(Decimal(100), 1, ("Lisens 1",)), (Decimal(200), 1, ("Lisens 2",))}
TOGETHER = {(Decimal(300), 2, ("Lisens 1", "Lisens 2"))}


def test_bills_and_licences_merge_with_their_cards_and_split_with_them(
    crm_engine: sa.Engine, store: Landing
) -> None:
    assert bills(crm_engine) == APART
    _customer(store, 2, FJORD)
    assert bills(crm_engine) == TOGETHER
    _customer(store, 2, BRE)
    assert bills(crm_engine) == APART


def test_what_is_gone_from_the_ledger_is_on_no_bill(crm_engine: sa.Engine, store: Landing) -> None:
    assert bills(crm_engine) == APART
    store.mark_deleted("tripletex_invoice", 1)
    assert bills(crm_engine) == {(Decimal(0), 0, ("Lisens 1",)), (Decimal(200), 1, ("Lisens 2",))}
    store.mark_deleted("tripletex_subscription", 1)
    assert bills(crm_engine) == {(Decimal(200), 1, ("Lisens 2",))}
    store.remove("tripletex_subscription", 2)
    assert bills(crm_engine) == {(Decimal(200), 1, ())}
