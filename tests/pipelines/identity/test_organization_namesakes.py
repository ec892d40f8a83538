"""Of several organisations of one name a record means the one that what it has beside the name points at."""

from __future__ import annotations

from tests.pipelines.identity.people import linked, namesakes, record, unit

SIGNUP, HELPSCOUT, CUSTOMER = "course_signup", "helpscout_customer", "tripletex_customer"
A, B, C, D = "300000002", "300000010", "300000029", "300000037"


def test_namesakes_in_other_towns_are_told_apart_by_place_and_domain() -> None:
    units = [
        unit(A, "LYSNE AS", city="BERGEN", postal_code="5003", website="www.lysne-bergen.example.no"),
        unit(B, "LYSNE AS", city="BODØ", postal_code="8006"),
    ]
    records = [
        record(CUSTOMER, company="Lysne AS", city="Bodø", postal_code="8006"),
        record(SIGNUP, name="Kari Hansen", company="Lysne AS", emails=["kari@lysne-bergen.example.no"]),
        record(SIGNUP, name="Ola Berg", company="Lysne AS"),
    ]
    assert linked(*units, *records) == [1, 0, None]


def test_a_new_start_under_the_old_name_is_not_guessed() -> None:
    units = [unit(A, "LYSNE AS", city="BODØ", unit_status="bankrupt"), unit(B, "LYSNE AS", city="BODØ")]
    assert linked(*units, record(SIGNUP, name="Kari Hansen", company="Lysne AS")) == [None]


def test_a_dissolved_namesake_elsewhere_stands_back() -> None:
    units = [unit(A, "LYSNE AS", city="BODØ", unit_status="deleted"), unit(B, "LYSNE AS", city="VOSS")]
    assert linked(*units, record(SIGNUP, name="Kari Hansen", company="Lysne AS")) == [1]


def test_a_domain_that_spells_namesakes_is_of_the_one_that_was_seen_there() -> None:
    customer = record(
        CUSTOMER, company="Lysne AS", organization_number=B, emails=["faktura@lysne.example.no"]
    )
    named = record(SIGNUP, name="Kari Hansen", company="Lysne", emails=["kari@lysne.example.no"])
    nameless = record(HELPSCOUT, name="Per Berg", emails=["per@lysne.example.no"])
    assert linked(*namesakes(), customer, named, nameless) == [1, 1, 1]
    assert linked(*namesakes(), named, nameless) == [None, None], "nobody was seen there"


def test_namesakes_are_told_apart_by_the_number_on_their_customers_records() -> None:
    customer = record(CUSTOMER, company="Lysne AS", organization_number=B, phones=["22 00 00 01"])
    caller = record(HELPSCOUT, name="Per Berg", company="Lysne AS", phones=["+47 22000001"])
    assert linked(*namesakes(), customer, caller) == [1, 1]


def test_sub_units_of_one_name_are_told_apart_by_the_domain_of_those_above_them() -> None:
    units = [
        unit(A, "FANA KOMMUNE", organization_form="ORGL"),
        unit(B, "SOLBAKKEN SKOLE", organization_form="BEDR", parent_number=A),
        unit(C, "SOLBAKKEN SKOLE", organization_form="BEDR"),
    ]
    customer = record(
        CUSTOMER, company="Fana kommune", organization_number=A, emails=["post@fana.example.no"]
    )
    teacher = record(SIGNUP, name="Kari Hansen", company="Solbakken skole", emails=["kari@fana.example.no"])
    assert linked(*units, customer, teacher) == [0, 1]


def test_a_town_of_two_words_tells_namesakes_apart() -> None:
    units = [unit(A, "LYSNE BAKERI AS", city="SØR-ODAL"), unit(B, "LYSNE BAKERI AS", city="BODØ")]
    assert linked(*units, record(SIGNUP, name="Kari Hansen", company="Lysne Bakeri, Sør-Odal")) == [0]


def test_a_town_of_three_words_and_a_former_name_are_read_together() -> None:
    units = [
        unit(A, "NYE TIND AS", former_names=["LYSNE BAKERI AS"], city="BØ I TELEMARK"),
        unit(B, "LYSNE BAKERI AS", city="BODØ"),
    ]
    assert linked(*units, record(SIGNUP, name="Kari Hansen", company="Lysne Bakeri (Bø i Telemark)")) == [0]


def group_in(town: str, first: str, *numbers: str) -> list[dict[str, object]]:
    """Members of a group, all in one town."""
    return [
        unit(number, f"{first} {kind} AS", city=town)
        for number, kind in zip(numbers, ("HOLDING", "TRANSPORT", "EIENDOM"), strict=True)
    ]


def test_of_namesakes_the_one_near_the_others_at_its_domain_is_meant() -> None:
    """The domain belongs to a group: whoever writes from it means the member that is where the others are."""
    units = [*group_in("VOSS", "LYSNE", A, B, C), unit(D, "LYSNE EIENDOM AS", city="BODØ")]
    colleagues = [
        record(SIGNUP, name=f"{name} Berg", company=f"Lysne {kind} AS", emails=[f"{name}@lg.example.no"])
        for name, kind in (("per", "Holding"), ("anne", "Holding"), ("liv", "Transport"))
    ]
    asks = record(SIGNUP, name="Kari Hansen", company="Lysne Eiendom", emails=["kari@lg.example.no"])
    elsewhere = record(SIGNUP, name="Ola Moe", company="Lysne Eiendom", emails=["ola@lyse.example.no"])
    assert linked(*units, *colleagues, asks, elsewhere) == [0, 0, 1, 2, None]
    assert linked(*units, colleagues[0], asks) == [0, None], "one address may be a guest's"


def test_the_addresses_of_a_provider_tell_no_namesakes_apart() -> None:
    """Nobody lists all of them: at this one a few customers' people have their private mail."""
    units = [*namesakes(), unit(C, "TIND AS", city="VOSS"), unit(D, "FJORD AS", city="OSLO")]
    at_provider = [
        record(SIGNUP, name=f"{name} Berg", company=company, emails=[f"{name}@kystnett.example.no"])
        for name, company in (("per", "Tind AS"), ("anne", "Fjord AS"), ("liv", "Lysne AS, Bodø"))
    ]
    asks = record(SIGNUP, name="Kari Hansen", company="Lysne AS", emails=["kari@kystnett.example.no"])
    assert linked(*units, *at_provider, asks) == [2, 3, 1, None]


def test_one_told_apart_by_its_place_tells_the_others_at_its_domain_apart() -> None:
    there = record(SIGNUP, name="Per Berg", company="Lysne AS, Bodø", emails=["per@lysne.example.no"])
    asks = record(SIGNUP, name="Kari Hansen", company="Lysne AS", emails=["kari@lysne.example.no"])
    assert linked(*namesakes(), there, asks) == [1, 1]


def test_a_new_domain_in_the_name_of_namesakes_is_of_the_one_that_has_none() -> None:
    owner = record(CUSTOMER, company="Lysne AS", organization_number=A, emails=["post@lysne.example.no"])
    asks = record(SIGNUP, name="Kari Hansen", company="Lysne AS", emails=["kari@lysne-as.example.no"])
    private = record(SIGNUP, name="Ola Berg", company="Lysne AS", emails=["ola@kystnett.example.no"])
    assert linked(*namesakes(), owner, asks, private) == [0, 1, None]


def test_of_namesakes_that_a_domain_points_at_the_place_tells_one() -> None:
    units = [
        unit(A, "LYSNESUND KOMMUNE", organization_form="KOMM", website="lysnesund.example.no"),
        unit(B, "SOLBAKKEN SKOLE", organization_form="BEDR", parent_number=A, city="VOSS"),
        unit(C, "SOLBAKKEN SKOLE", organization_form="BEDR", parent_number=A, city="BODØ"),
        unit(D, "SOLBAKKEN SKOLE", organization_form="BEDR", city="VOSS"),
    ]
    asks = [
        record(SIGNUP, name="Kari Hansen", company=text, emails=["kari@lysnesund.example.no"])
        for text in ("Solbakken skole, avd. Voss", "Solbakken skole")
    ]
    assert linked(*units, *asks) == [1, 0], "else the municipality, whose schools they are"
