"""Organisation numbers and company names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.identity.normalise.addresses import address_key, postal_code
from pipelines.identity.normalise.domains import domain_written
from pipelines.identity.normalise.organizations import (
    company_name,
    looks_like_a_company,
    names_within,
    organization_number,
)


def number(body: int) -> str | None:
    """An invented organisation number: it starts with 3 and passes mod 11."""
    text = f"3{body:07d}"
    total = sum(int(digit) * weight for digit, weight in zip(text, (3, 2, 7, 6, 5, 4, 3, 2), strict=True))
    check = (11 - total % 11) % 11
    return None if check == 10 else f"{text}{check}"


@given(
    st.integers(0, 9_999_999).map(number).filter(bool),
    st.sampled_from(
        [
            "{a} {b} {c}",
            "{a}.{b}.{c}",
            "NO {a} {b} {c} MVA",
            "NO{a}{b}{c}MVA",
            "{a}{b}{c} mva",
            "Org.nr. {a} {b} {c}",
            "orgnr: {a}{b}{c}",
            "{a}\u00a0{b}\u00a0{c}",
            "{a}-{b}-{c}",
            "Foretaksregisteret {a} {b} {c}",
        ]
    ),
)
def test_a_number_is_read_in_any_way_of_writing_it(valid: str, way: str) -> None:
    assert organization_number(way.format(a=valid[:3], b=valid[3:6], c=valid[6:])) == valid


@given(st.integers(0, 9_999_999).map(number).filter(bool), st.integers(0, 8), st.integers(1, 9))
def test_a_wrong_digit_is_found(valid: str, at: int, by: int) -> None:
    wrong = valid[:at] + str((int(valid[at]) + by) % 10) + valid[at + 1 :]
    assert organization_number(wrong) is None


@pytest.mark.parametrize(
    "raw", [None, "", "000000000", "999999999", "123456785", "31234567", "01010112345", "ingen"]
)
def test_placeholders_and_identity_numbers_are_no_organisation_numbers(raw: str | None) -> None:
    assert organization_number(raw) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Fjord & Fjell AS", "FJORD OG FJELL A/S"),
        ("Fjordbakeri AS", "Fjord Bakeri A.S."),
        ("Lysne Rør AS", "Lysne Roer as"),
        ("Tind Mek. Verksted AS", "TIND MEKANISKE VERKSTED AS"),
        ("Tind Gruppen AS", "Tind Gruppe AS"),
    ],
)
def test_ways_of_writing_one_name_share_a_key(one: str, other: str) -> None:
    assert company_name(one).full == company_name(other).full


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Fjord AS", "Fjord Holding AS"),
        ("Fjord AS", "Fjord ASA"),
        ("Lysne Rør AS", "Lysne Rør ENK"),
        ("Ås AS", "Vik AS"),
    ],
)
def test_near_names_keep_different_keys(one: str, other: str) -> None:
    assert company_name(one).full != company_name(other).full


@pytest.mark.parametrize(
    ("text", "core", "form", "department", "person"),
    [
        ("Fjord AS avd. Bergen", "fjord", "AS", "bergen", None),
        ("Fjord AS, avdeling Bergen", "fjord", "AS", "bergen", None),
        ("Fjord AS Bergen", "fjord", "AS", "bergen", None),
        ("Fjord AS v/ Kari Hansen", "fjord", "AS", None, "Kari Hansen"),
        ("Fjord AS att: Kari Hansen", "fjord", "AS", None, "Kari Hansen"),
        ("Kari Hansen c/o Fjord AS", "fjord", "AS", None, "Kari Hansen"),
        ("Lysne skole c/o Kari Hansen", "lysneskole", None, None, "Kari Hansen"),
        ("Kari Hansen c/o Lysne skole", "lysneskole", None, None, "Kari Hansen"),
        ("Lysne ungdomsklubb c/o Tesfaye Warsame", "lysneungdomsklubb", None, None, "Tesfaye Warsame"),
        ("Fjord Bakeri - prosjekt", "fjordbakeri", None, "prosjekt", None),
        ("Fjord Bakeri AS.", "fjordbakeri", "AS", None, None),
        ("Firma Bø Bok", "bobok", None, None, None),
        ("Fjord Bakeri - HR", "fjordbakeri", None, "hr", None),
        ("Fjord Bakeri, IT-avdelingen", "fjordbakeri", None, "itavdelingen", None),
        ("Fjord Bakeri – salg og marked", "fjordbakeri", None, "salgogmarked", None),
        ("Fjord Bakeri avd. Bergen - HR", "fjordbakeri", None, "bergen", None),
        ("Fjord - Bakeri og drift", "fjordbakeridrift", None, None, None),
        ("FjordBakeriAS", "fjordbakeri", "AS", None, None),
        ("FjordBakeriDA", "fjordbakeri", "DA", None, None),
        ("Fjord AS!", "fjord", "AS", None, None),
        ("Firma Kari Hansen", "karihansen", None, None, None),
        ("Firmapost AS", "firmapost", "AS", None, None),
        ("nei", "", None, None, None),
        ("Hjemmeværende", "", None, None, None),
        ("Haas", "has", None, None, None),
        ("HAAS", "has", None, None, None),
        ("Norsk Tind for.", "norsktindforening", None, None, None),
        ("Senter for Fred", "senterforfred", None, None, None),
        ("Bergen kommune", "bergenkommune", None, None, None),
        ("Aas", "as", None, None, None),
        ("privat", "", None, None, None),
        ("-", "", None, None, None),
    ],
)
def test_a_company_name_is_taken_apart(
    text: str, core: str, form: str | None, department: str | None, person: str | None
) -> None:
    name = company_name(text)
    assert (name.core, name.form, name.department, name.person) == (core, form, department, person)


def test_the_names_on_either_side_of_a_stroke_are_read() -> None:
    assert [name.core for name in names_within("Fana skole / Bergen kommune")] == [
        "fanaskole",
        "bergenkommune",
    ]
    assert names_within("Fana skole") == names_within(None) == ()


@pytest.mark.parametrize("department", [", avd. nord", " - HR", ", økonomiavdelingen", " (filial Oslo)"])
def test_a_department_beside_a_name_is_none(department: str) -> None:
    assert [name.core for name in names_within(f"Fjord Bakeri{department}")] == ["fjordbakeri"]


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("fjord.example.no", "fjord.example.no"),
        (" https://www.Fjord.example.no/ ", "fjord.example.no"),
        ("Fjord.example.no AS", None),
        ("St.Olav", None),
        ("facebook.com", None),
        ("Fjord Bakeri", None),
        (None, None),
    ],
)
def test_a_text_that_is_a_web_address_is_told_from_a_name(text: str | None, domain: str | None) -> None:
    assert domain_written(text) == domain


def test_a_number_in_the_name_is_found() -> None:
    valid = number(1234567) or number(1234568)
    assert valid is not None
    name = company_name(f"Fjord AS (org.nr {valid[:3]} {valid[3:6]} {valid[6:]})")
    assert (name.core, name.form, name.number) == ("fjord", "AS", valid)


@pytest.mark.parametrize(
    "text", ["Fjord AS", "Bergen kommune", "Voss idrettslag", "Fana barneskole", "Tind Regnskap"]
)
def test_an_organisation_is_recognised(text: str) -> None:
    assert looks_like_a_company(text)


@pytest.mark.parametrize("text", ["Kari Hansen", "Ola Aas", "Kari", "Per Ås"])
def test_a_person_is_not_taken_for_an_organisation(text: str) -> None:
    assert not looks_like_a_company(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Storgata 5 B", "STORGATEN 5B"),
        ("Kirkeveien 12", "Kirkevegen 12"),
        ("Postboks 33", "PB 33"),
        ("c/o Fjord AS\nStorgata 5B", "Storgt. 5 B"),
    ],
)
def test_one_place_has_one_key(one: str, other: str) -> None:
    assert address_key(one, "0150") == address_key(other, "N-0150")


@pytest.mark.parametrize(
    ("street", "code"), [("Storgata", "0150"), ("Storgata 5", None), ("", "0150"), (None, None)]
)
def test_half_an_address_is_no_key(street: str | None, code: str | None) -> None:
    assert address_key(street, code) is None


def test_a_postal_code_keeps_its_leading_zero() -> None:
    assert postal_code("N-0150 OSLO") == "0150"
