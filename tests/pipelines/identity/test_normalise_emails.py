"""E-mail: validity agrees with email-validator, keys identify a mailbox, roles and placeholders are told."""

from __future__ import annotations

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.identity.normalise.domains import intended_domain, registrable_domain, website_domain
from pipelines.identity.normalise.emails import (
    email,
    email_address,
    is_family_local,
    is_role_local,
    name_in_local,
    plain_address,
)

PARTS = st.text("aB9.-_+%'ø@ ", min_size=0, max_size=12)
TOPS = st.sampled_from(
    ["no", "com", "test", "invalid", "local", "x", "123", "n-o", "example", "NO", "onion", ""]
)


@settings(max_examples=1500, deadline=None)
@given(PARTS, PARTS, TOPS)
def test_the_fast_path_accepts_only_what_the_library_accepts(local: str, host: str, top: str) -> None:
    text = f"{local}@{host}.{top}"
    if plain_address(text):
        assert validate_email(text, check_deliverability=False).normalized.lower() == email_address(text)


@settings(max_examples=1500, deadline=None)
@given(PARTS, PARTS, TOPS)
def test_what_the_library_refuses_is_refused(local: str, host: str, top: str) -> None:
    """Signs that people leave around an address, and spaces, are removed before; these are left out."""
    text = f"{local}@{host}.{top}"
    try:
        expected = validate_email(text, check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        expected = None
    if text == text.strip(" .'") and " " not in text:
        assert email_address(text) == expected


@pytest.mark.parametrize(
    ("raw", "address"),
    [
        (" Kari.Hansen@Fjord.Example.NO ", "kari.hansen@fjord.example.no"),
        ("Kari Hansen <kari@fjord.example.no>", "kari@fjord.example.no"),
        ("mailto:kari@fjord.example.no", "kari@fjord.example.no"),
        ("kari@fjord.example.no;", "kari@fjord.example.no"),
        ("kari", None),
        ("", None),
        (None, None),
        ("kari@", None),
        ("kari@fjord", None),
    ],
)
def test_an_address_is_found_in_what_people_write(raw: str | None, address: str | None) -> None:
    found = email(raw)
    assert (found.address if found else None) == address


def test_a_plus_tag_is_the_same_mailbox_but_stays_on_the_card() -> None:
    tagged, plain = email("kari+kurs@fjord.example.no"), email("kari@fjord.example.no")
    assert tagged is not None
    assert plain is not None
    assert tagged.key == plain.key
    assert tagged.address == "kari+kurs@fjord.example.no"


def test_dots_do_not_count_at_gmail_and_do_elsewhere() -> None:
    def key(raw: str) -> str | None:
        found = email(raw)
        return found.key if found else None

    assert key("ka.ri@gmail.com") == key("kari@googlemail.com")
    assert key("ka.ri@fjord.example.no") != key("kari@fjord.example.no")


@pytest.mark.parametrize(
    ("domain", "meant"),
    [
        ("gmial.com", "gmail.com"),
        ("gmail.no", "gmail.com"),
        ("hotmail.no", None),
        ("gmail.co", "gmail.com"),
        ("hotmial.com", "hotmail.com"),
        ("outlok.com", "outlook.com"),
        ("gmail.com", None),
        ("mail.com", None),
        ("fjord.no", None),
        ("live.se", None),
    ],
)
def test_a_mistyped_provider_is_flagged(domain: str, meant: str | None) -> None:
    assert intended_domain(domain) == meant


@pytest.mark.parametrize(
    "local",
    [
        "post",
        "Faktura",
        "faktura2",
        "faktura.oslo",
        "no-reply",
        "post-nord",
        "postmottak",
        "kundeservice",
        "økonomi",
    ],
)
def test_role_mailboxes_are_told(local: str) -> None:
    assert is_role_local(local)


@pytest.mark.parametrize(
    "local", ["kari.hansen", "kari", "post.hansen-kari", "supporter", "infante", "khansen", "posten"]
)
def test_people_are_not_taken_for_roles(local: str) -> None:
    assert not is_role_local(local)


def test_a_public_provider_has_no_role_mailboxes() -> None:
    """Somebody may well be called post@gmail.com."""
    found = email("post@gmail.com")
    assert found is not None
    assert not found.is_role


@pytest.mark.parametrize(
    ("local", "given_name", "surname"),
    [
        ("kari.hansen", "kari", "hansen"),
        ("hansen.kari", "kari", "hansen"),
        ("kari_m_hansen", "kari", "hansen"),
        ("kari.hansen82", "kari", "hansen"),
        ("kari", "kari", None),
        ("åse.ødegård", "ase", "odegard"),
    ],
)
def test_a_name_is_read_off_an_address(local: str, given_name: str, surname: str | None) -> None:
    assert name_in_local(local) == (given_name, surname)


@pytest.mark.parametrize("local", ["khansen", "fjelltur82", "stor.fjell", "k.hansen", "post", "x"])
def test_nothing_is_guessed_without_a_known_given_name(local: str) -> None:
    assert name_in_local(local) is None


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("fjord.no", "fjord.no"),
        ("post.fjord.no", "fjord.no"),
        ("fjord.example.no", "fjord.example.no"),
        ("post.fjord.example.no", "fjord.example.no"),
        ("example.no", None),
        ("no", None),
        ("", None),
        ("-x.no", None),
    ],
)
def test_the_owner_of_a_host_is_its_registrable_domain(host: str, domain: str | None) -> None:
    """Names under the reserved example domains are owned one by one, as under a suffix."""
    assert registrable_domain(host) == domain


@pytest.mark.parametrize(
    ("raw", "domain"),
    [
        ("https://www.fjord.example.no/om-oss?x=1", "fjord.example.no"),
        ("Fjord.example.no", "fjord.example.no"),
        ("https://www.facebook.com/fjord", None),
        ("", None),
        (None, None),
    ],
)
def test_a_web_site_gives_its_domain_unless_it_is_a_platform(raw: str | None, domain: str | None) -> None:
    assert website_domain(raw) == domain


@pytest.mark.parametrize("local", ["fam.hansen", "familien_berg", "familienberg", "kariogper", "fam.berg2"])
def test_a_household_is_told_from_a_person(local: str) -> None:
    assert is_family_local(local)


@pytest.mark.parametrize("local", ["kari.hansen", "georg", "famke.berg", "sandra", "skog", "ogmundsen"])
def test_a_person_is_not_taken_for_a_household(local: str) -> None:
    assert not is_family_local(local)
