"""Nobody meets by a provider's domain, and a refresh knows one as a rebuild does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.identity import providers
from pipelines.identity.rebuild import rebuild, refresh
from schemas.tables import crm
from tests.pipelines.identity.histories import LAW, assert_refreshing_is_rebuilding, snapshot

if TYPE_CHECKING:
    from tests.pipelines.identity.conftest import Landing

DOMAIN = "fjordnett.example.no"
COMPANIES = ("Lysne AS", "Bre Bakeri AS", "Vik Verksted AS", "Tindeporten AS")


@pytest.fixture(autouse=True)
def _small_crowds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three names make a crowd."""
    monkeypatch.setattr(providers, "LEAST_NAMES", 3)
    monkeypatch.setattr(providers, "LARGEST_SHARE", 0.5)


def _sign_up(landing: Landing, key: int, company: str | None, domain: str = DOMAIN) -> None:
    landing.put(
        "course_signup",
        key,
        first_name="Kari",
        last_name=("Berg", "Dahl", "Lie", "Vik", "Moen")[key % 5],
        email=f"kunde{key}@{domain}",
        company_name=company,
        activity_id=1,
    )


def _providers(engine: sa.Engine) -> dict[str, int]:
    guard = crm.identity_guard.c
    with engine.connect() as connection:
        found = sa.select(guard.key_value, guard.organizations).where(guard.reason == providers.REASON)
        return dict(iter(connection.execute(found)))


@pytest.fixture
def provider(crm_engine: sa.Engine, landing: Landing) -> Landing:
    """Three companies and a person without one at a provider's domain, cards made."""
    for key, company in enumerate((*COMPANIES[:3], None)):
        _sign_up(landing, key, company)
    rebuild(crm_engine, "run")
    assert _providers(crm_engine) == {DOMAIN: 3}
    return landing


def test_a_change_at_a_provider_reaches_nobody_else_there(crm_engine: sa.Engine, provider: Landing) -> None:
    _sign_up(provider, 5, COMPANIES[0])
    assert refresh(crm_engine, "run").recomputed == 2
    _sign_up(provider, 6, None)
    assert refresh(crm_engine, "run").recomputed == 1


def test_a_further_company_at_a_provider_is_counted(crm_engine: sa.Engine, provider: Landing) -> None:
    _sign_up(provider, 5, COMPANIES[3])
    assert refresh(crm_engine, "run").recomputed == 1
    assert _providers(crm_engine) == {DOMAIN: 4}


def test_a_domain_becomes_a_providers_in_a_refresh(crm_engine: sa.Engine, landing: Landing) -> None:
    for key, company in enumerate(COMPANIES[:2]):
        _sign_up(landing, key, company)
    rebuild(crm_engine, "run")
    _sign_up(landing, 2, COMPANIES[2])
    assert refresh(crm_engine, "run").recomputed == 3
    assert _providers(crm_engine) == {DOMAIN: 3}


def test_a_domain_that_is_no_providers_any_more_has_everything_made_anew(
    crm_engine: sa.Engine, provider: Landing
) -> None:
    _sign_up(provider, 2, COMPANIES[1])
    assert refresh(crm_engine, "run").recomputed == 4
    assert _providers(crm_engine) == {}
    refreshed = snapshot(crm_engine)
    rebuild(crm_engine, "run")
    assert snapshot(crm_engine) == refreshed


_KEY = st.integers(1, 6)
_MAIL = st.sampled_from([f"kari.berg@{DOMAIN}", f"ola.lie@{DOMAIN}", "kari.berg@lysne.example.no", None])


@st.composite
def _person(draw: st.DrawFn) -> tuple[Any, ...]:
    first, last = draw(st.sampled_from([("Kari", "Berg"), ("Ola", "Lie"), (None, None)]))
    fields = {"first_name": first, "last_name": last, "email": draw(_MAIL)}
    fields["company_name"] = draw(st.sampled_from([None, *COMPANIES, "Fjordnett"]))
    return "put", "course_signup", draw(_KEY), {**fields, "activity_id": 1}


@st.composite
def _customer(draw: st.DrawFn) -> tuple[Any, ...]:
    fields = {
        "name": draw(st.sampled_from([*COMPANIES, "Fjordnett AS"])),
        "email": draw(_MAIL),
        "website": draw(st.sampled_from([None, DOMAIN])),
        "is_private_individual": False,
    }
    return "put", "tripletex_customer", draw(_KEY), fields


_LOSS = st.tuples(
    st.sampled_from(["mark_deleted", "remove"]),
    st.sampled_from(["course_signup", "tripletex_customer"]),
    _KEY,
    st.just(dict[str, Any]()),
)
_NIGHT = st.lists(st.one_of(_person(), _person(), _customer(), _LOSS), min_size=1, max_size=5)


@given(st.lists(_NIGHT, min_size=2, max_size=6))
@settings(LAW, max_examples=10)
def test_refreshing_at_providers_is_rebuilding(
    crm_engine: sa.Engine, landing: Landing, nights: list[list[tuple[Any, ...]]]
) -> None:
    assert_refreshing_is_rebuilding(crm_engine, landing, nights)
