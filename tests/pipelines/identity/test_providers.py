"""A domain at which a crowd of companies is seen is a mail provider's: nobody's, like a listed one."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.identity.features import features
from pipelines.identity.providers import LEAST_NAMES, REASON, Crowd, as_public, crowds, providers
from tests.pipelines.identity.people import frame, matched, record, unit

DOMAIN = "fjordnett.example.no"


COMPANIES = [
    f"{place}{trade} AS"
    for place in ("Fjell", "Nord", "Vest", "Øst", "Tind", "Li")
    for trade in ("bygg", "data", "mat", "tre", "rør")
]


def _crowd(names: int) -> list[dict[str, Any]]:
    """One customer with an address at the domain for each of so many companies."""
    return [
        record("tripletex_customer", company=company, emails=[f"kunde{at}@{DOMAIN}"])
        for at, company in enumerate(COMPANIES[:names])
    ]


def _found(rows: list[dict[str, Any]], elsewhere: Crowd | None = None) -> dict[str, int]:
    data = features(frame(*rows))
    return providers(data, crowds(data), None if elsewhere is None else {DOMAIN: elsewhere})


def test_many_company_names_make_a_domain_a_providers() -> None:
    assert _found(_crowd(LEAST_NAMES)) == {DOMAIN: LEAST_NAMES}
    assert _found(_crowd(LEAST_NAMES - 1)) == {}


def test_names_seen_elsewhere_count() -> None:
    rows = _crowd(2)
    assert _found(rows, elsewhere=Crowd(LEAST_NAMES - 2, 100, 10)) == {DOMAIN: LEAST_NAMES}
    assert _found(rows, elsewhere=Crowd(LEAST_NAMES - 3, 100, 10)) == {}
    assert _found([], elsewhere=Crowd(LEAST_NAMES, 100, 10)) == {DOMAIN: LEAST_NAMES}


def test_a_company_whose_name_the_domain_spells_is_at_home_there() -> None:
    owner = record("tripletex_customer", company="Fjordnett AS", emails=[f"post@{DOMAIN}"])
    assert _found([*_crowd(LEAST_NAMES), owner]) == {}


def test_a_company_with_a_large_share_of_the_records_is_at_home_there() -> None:
    many = [
        record("course_signup", name="Ola Lie", emails=[f"ola{at}@{DOMAIN}"], company="Lysne AS")
        for at in range(10)
    ]
    assert _found([*_crowd(LEAST_NAMES), *many]) == {}
    assert _found(_crowd(LEAST_NAMES), elsewhere=Crowd(1, 10, 10)) == {}


def test_one_record_with_two_addresses_there_counts_once() -> None:
    rows = [{**row, "emails": [*row["emails"], f"ny{row['emails'][0]}"]} for row in _crowd(3)]
    assert crowds(features(frame(*rows))).names["records"].tolist() == [1, 1, 1]


@pytest.mark.parametrize("names", [LEAST_NAMES - 1, LEAST_NAMES])
def test_a_providers_customers_are_not_the_provider(names: int) -> None:
    """Below the number the one company of that name in the register is taken for the owner of the domain."""
    provider = unit("310005487", "FJORDNETT AS")
    writer = record("helpscout_customer", name="Liv Dahl", emails=[f"liv.dahl@{DOMAIN}"])
    found = matched(provider, *_crowd(names), writer)
    assert bool(found.organization[-1] >= 0) is (names < LEAST_NAMES)
    reasons = found.guards.set_index("key_value")["reason"].to_dict()
    assert (reasons.get(DOMAIN) == REASON) is (names >= LEAST_NAMES)


def test_a_providers_domain_is_public_in_addresses_and_web_sites() -> None:
    site = record("tripletex_customer", company="Lysne AS", website=f"https://{DOMAIN}/lysne")
    data = features(frame(*_crowd(1), site))
    changed = as_public(data, {DOMAIN: LEAST_NAMES})
    assert DOMAIN in data.website.tolist()
    assert DOMAIN not in changed.website.tolist()
    assert [value.is_public for value in changed.email_values] == [True]
