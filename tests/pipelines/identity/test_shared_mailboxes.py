"""A mailbox at a public provider that an organisation gives as its own: whom it stands for."""

from __future__ import annotations

import pytest

from tests.pipelines.identity.people import matched, record, unit

SIGNUP, HELPSCOUT, CUSTOMER = "course_signup", "helpscout_customer", "tripletex_customer"
FJORD = unit("300000002", "FJORDLYS BAKERI AS")


def acting_for(local: str, provider: str, *names: str) -> list[bool]:
    """For everybody who writes from the mailbox on the customer's record, whether they act for it."""
    mailbox = [f"{local}@{provider}"]
    customer = record(CUSTOMER, company="Fjordlys Bakeri AS", emails=mailbox)
    people = [record(HELPSCOUT, name=name, emails=mailbox) for name in names]
    return [label >= 0 for label in matched(FJORD, customer, *people).organization[2:].tolist()]


def test_one_person_with_the_mailbox_acts_for_the_customer(public_provider: str) -> None:
    assert acting_for("skitur1", public_provider, "Kari Lie", "K. Lie") == [True, True]


def test_where_several_write_from_it_each_acts_for_themselves(public_provider: str) -> None:
    """A mother signs her children up with the address that her firm gives."""
    assert acting_for("skitur1", public_provider, "Kari Lie", "Odd Lie", "Siv Lie") == [False, False, False]


def test_the_one_whose_name_the_address_spells_acts_for_the_customer(public_provider: str) -> None:
    assert acting_for("kari.lie", public_provider, "Kari Lie", "Odd Lie") == [True, False]


def test_a_message_without_a_name_is_the_customers(public_provider: str) -> None:
    assert acting_for("skitur1", public_provider, "Kari Lie", "Odd Lie", "") == [False, False, True]


def test_a_mailbox_at_a_domain_of_its_own_is_the_customers_whoever_writes() -> None:
    assert acting_for("kari.lie", "fjordlysbakeri.example.no", "Kari Lie", "Odd Lie") == [True, True]


@pytest.mark.parametrize("company", ["Fjordlys Bakeri AS", None])
def test_who_names_the_customer_acts_for_it(public_provider: str, company: str | None) -> None:
    mailbox = [f"skitur1@{public_provider}"]
    customer = record(CUSTOMER, company="Fjordlys Bakeri AS", emails=mailbox)
    one = record(SIGNUP, name="Odd Lie", company=company, emails=mailbox)
    outcome = matched(FJORD, customer, one, record(SIGNUP, name="Kari Lie", emails=mailbox))
    assert (outcome.organization[2] >= 0) == (company is not None)
