"""Which organisation a record means: the register first, then names and domains that point at exactly one."""

from __future__ import annotations

from tests.pipelines.identity.people import linked, matched, namesakes, record, unit

SIGNUP, HELPSCOUT, CUSTOMER = "course_signup", "helpscout_customer", "tripletex_customer"
A, B, C = "300000002", "300000010", "300000029"


def test_the_number_decides_over_the_name() -> None:
    units = [unit(A, "FJORD AS"), unit(B, "TIND AS")]
    assert linked(*units, record(CUSTOMER, company="Tind AS", organization_number="NO 300 000 002 MVA")) == [
        0
    ]


def test_a_glaring_difference_of_names_under_one_number_is_for_review() -> None:
    outcome = matched(
        unit(A, "FJORD AS"), record(CUSTOMER, company="Lysne Transport AS", organization_number=A)
    )
    assert list(outcome.reviews["entity"]) == ["organization"]


def test_a_name_with_its_form_points_at_one() -> None:
    units = [unit(A, "FJORD BAKERI AS"), unit(B, "FJORD BAKERI", organization_form="ENK")]
    texts = [
        "Fjordbakeri A/S",
        "fjord bakeri as",
        "Fjord Bakeri AS avd. Voss",
        "Fjord Bakeri AS v/ Kari Hansen",
    ]
    assert linked(*units, *(record(SIGNUP, name="Kari Hansen", company=text) for text in texts)) == [
        0,
        0,
        0,
        0,
    ]


def test_a_bare_name_of_two_forms_is_for_review() -> None:
    units = [unit(A, "FJORD BAKERI AS"), unit(B, "FJORD BAKERI", organization_form="ENK")]
    records = [*units, record(SIGNUP, name="Kari Hansen", company="Fjord Bakeri")]
    assert linked(*records) == [None]
    assert len(matched(*records).reviews) == 2


def test_another_legal_form_is_another_organisation() -> None:
    assert linked(
        unit(A, "LYSNE", organization_form="ENK"), record(SIGNUP, name="Kari", company="Lysne AS")
    ) == [None]


def test_members_of_a_group_are_told_apart() -> None:
    units = [unit(A, "FJORD AS"), unit(B, "FJORD HOLDING AS")]
    texts = ["Fjord", "Fjord Holding", "Fjord Eiendom AS"]
    assert linked(*units, *(record(SIGNUP, name="Kari Hansen", company=text) for text in texts)) == [
        0,
        1,
        None,
    ]


def test_a_former_name_leads_to_the_renamed_organisation() -> None:
    units = [unit(A, "NYE LYSNE AS", former_names=["FJORDBAKERI AS"])]
    assert linked(*units, record(SIGNUP, name="Kari Hansen", company="Fjordbakeri AS")) == [0]


def test_a_sub_unit_keeps_its_number_and_a_bare_name_means_the_main_unit() -> None:
    units = [unit(A, "FJORD AS"), unit(B, "FJORD AS", organization_form="BEDR", parent_number=A, city="VOSS")]
    by_number = record(CUSTOMER, company="Fjord AS", organization_number=B)
    by_name = record(SIGNUP, name="Kari Hansen", company="Fjord AS")
    there = record(SIGNUP, name="Ola Berg", company="Fjord AS avd. Voss")
    assert linked(*units, by_number, by_name, there) == [1, 0, 1]


def test_a_slip_in_a_long_name_is_forgiven_and_a_digit_is_not() -> None:
    units = [unit(A, "FJORDBAKERIET AS"), unit(B, "HAVNELAGER 53 AS")]
    texts = ["Fjordbakriet AS", "Havnelager 5 AS"]
    assert linked(*units, *(record(SIGNUP, name="Kari Hansen", company=text) for text in texts)) == [0, None]


def test_a_name_that_its_own_domain_spells_is_no_slip() -> None:
    known = unit(A, "VINDSUND MUSIKK AS")
    asks = [record(SIGNUP, name="Kari Hansen", company="Tindsund Musikk AS", emails=[email])
            for email in ("kari@tindsundmusikk.example.no", "kari.hansen@epost.example.no")]  # fmt: skip
    assert linked(known, *asks) == [None, None]
    assert linked(known, record(SIGNUP, name="Kari Hansen", company="Vindsund Muskk AS")) == [0]


def test_a_slip_in_another_town_is_another_organisation() -> None:
    known = unit(A, "VINDSUND MUSIKK AS", city="OSLO")
    assert linked(known, record(CUSTOMER, company="Vindsunn Musikk AS", city="Voss")) == [None]
    assert linked(known, record(CUSTOMER, company="Vindsunn Musikk AS", city="Oslo")) == [0]


def test_customers_without_a_number_share_a_card_by_name_and_place() -> None:
    customers = [
        record(CUSTOMER, company="Lysne Werk GmbH", postal_code="8006"),
        record(CUSTOMER, company="Lysne Werk GmbH", postal_code="8006"),
        record(CUSTOMER, company="Lysne Werk GmbH", postal_code="5003"),
    ]
    organization = matched(*customers).organization
    assert organization[0] == organization[1] != organization[2]


def test_the_owner_of_a_sole_proprietorship_acts_for_it() -> None:
    units = [unit(A, "HANSEN RØR", organization_form="ENK")]
    customer = record(
        CUSTOMER, company="Hansen Rør", organization_number=A, emails=["skitur1@epost.example.no"]
    )
    owner = record(HELPSCOUT, name="Per Hansen", emails=["skitur1@epost.example.no"])
    outcome = matched(*units, customer, owner)
    assert outcome.organization[2] == outcome.organization[0]
    assert outcome.person[2] >= 0


def test_a_private_person_is_not_an_organisation() -> None:
    outcome = matched(record(SIGNUP, name="Kari Hansen", company="privat"))
    assert outcome.organization[0] == -1


def test_a_number_in_what_a_person_writes_decides() -> None:
    text = f"Lysne AS ({B})"
    named = record(SIGNUP, name="Kari Hansen", company=text, emails=["kari@lysne.example.no"])
    assert linked(*namesakes(), named) == [1]


def test_a_web_address_nobody_was_seen_at_means_the_name_it_spells() -> None:
    units = [unit(A, "TIND BAKERI AS"), *namesakes()[1:]]
    people = [
        record(SIGNUP, name="Kari Hansen", company="tind-bakeri.example.no"),
        record(SIGNUP, name="Liv Moe", company="tindregnskap.example.no"),
    ]
    assert linked(*units, *people) == [0, None]


def test_a_sub_unit_that_is_named_with_those_above_it_is_found() -> None:
    units = [
        unit(A, "FANA KOMMUNE", organization_form="ORGL"),
        unit(B, "SOLBAKKEN SKOLE", organization_form="BEDR", parent_number=A),
        unit(C, "SOLBAKKEN SKOLE", organization_form="BEDR"),
    ]
    texts = [
        "Solbakken skole / Fana kommune",
        "Fana kommune, Solbakken skole",
        "Solbakken skole (Fana kommune)",
        "Fana kommune - Tindvika skole",
    ]
    people = [record(SIGNUP, name="Kari Hansen", company=text) for text in texts]
    assert linked(*units, *people) == [1, 1, 1, None]


def test_a_person_written_beside_the_organisation_is_passed_over() -> None:
    units = [unit(A, "LYSNE BAKERI AS"), unit(B, "TIND AS")]
    texts = [
        "Kari Hansen, Lysne Bakeri",
        "Lysne Bakeri - Kari Hansen",
        "Storvik, Lysne Bakeri",
        "Kari Hansen, Tinda",
    ]
    people = [record(SIGNUP, name="Kari Hansen", company=text) for text in texts]
    assert linked(*units, *people) == [0, 0, None, None]


def test_the_name_of_a_stranger_beside_that_of_an_organisation_is_somebody_there() -> None:
    units = [unit(A, "FJORD BAKERI AS"), unit(B, "TIND AS")]
    texts = ["Tesfaye Warsame, Fjord Bakeri", "Havsul Transport, Fjord Bakeri", "Lysne Havn - Tind"]
    assert linked(*units, *(record(SIGNUP, name="Kari Hansen", company=text) for text in texts)) == [
        0,
        None,
        None,
    ]


def test_two_names_with_a_stroke_between_are_read_without_blanks_too() -> None:
    units = [
        unit(A, "LYSNESUND KOMMUNE", organization_form="KOMM"),
        unit(B, "SOLBAKKEN LEGEKONTOR", organization_form="BEDR", parent_number=A),
    ]
    asks = record(SIGNUP, name="Kari Hansen", company="Lysnesund kommune/Solbakken legekontor")
    assert linked(*units, asks) == [1]


def test_the_form_that_the_registered_name_says_is_known_beside_the_registered_one() -> None:
    association = unit(A, "LYSNE BORETTSLAG", organization_form="FLI")
    texts = ["Lysne borettslag", "Lysne AS"]
    asks = [record(SIGNUP, name="Kari Hansen", company=text) for text in texts]
    assert linked(association, *asks) == [0, None]
