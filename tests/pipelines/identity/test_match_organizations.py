"""Which organisation a record means: the register first, then names and domains that point at exactly one."""

from __future__ import annotations

from tests.pipelines.identity.people import matched, record, unit

SIGNUP, HELPSCOUT, CUSTOMER = "course_signup", "helpscout_customer", "tripletex_customer"
A, B, C, D = "300000002", "300000010", "300000029", "300000037"


def linked(*records: dict[str, object]) -> list[int | None]:
    """For every record after the units, the position of the unit it belongs to."""
    outcome = matched(*records)
    units = {
        int(outcome.organization[at]): at for at, row in enumerate(records) if row["source"] == "brreg_unit"
    }
    return [
        units.get(int(outcome.organization[at]))
        for at, row in enumerate(records)
        if row["source"] != "brreg_unit"
    ]


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


def test_a_former_name_leads_to_the_renamed_organisation() -> None:
    units = [unit(A, "NYE LYSNE AS", former_names=["FJORDBAKERI AS"])]
    assert linked(*units, record(SIGNUP, name="Kari Hansen", company="Fjordbakeri AS")) == [0]


def test_a_new_start_under_the_old_name_is_not_guessed() -> None:
    units = [unit(A, "LYSNE AS", city="BODØ", unit_status="bankrupt"), unit(B, "LYSNE AS", city="BODØ")]
    assert linked(*units, record(SIGNUP, name="Kari Hansen", company="Lysne AS")) == [None]


def test_a_dissolved_namesake_elsewhere_stands_back() -> None:
    units = [unit(A, "LYSNE AS", city="BODØ", unit_status="deleted"), unit(B, "LYSNE AS", city="VOSS")]
    assert linked(*units, record(SIGNUP, name="Kari Hansen", company="Lysne AS")) == [1]


def test_a_domain_points_at_its_one_owner() -> None:
    units = [unit(A, "FJORDBAKERI AS", website="fjordbakeri.example.no")]
    assert linked(*units, record(HELPSCOUT, name="Kari", emails=["kari@fjordbakeri.example.no"])) == [0]


def test_an_accountants_domain_is_not_the_clients() -> None:
    units = [unit(A, "FJORD AS"), unit(B, "TIND AS"), unit(C, "LUNDE REGNSKAP AS")]
    clients = [
        record(CUSTOMER, company="Fjord AS", organization_number=A, emails=["anne@lunderegnskap.example.no"]),
        record(CUSTOMER, company="Tind AS", organization_number=B, emails=["anne@lunderegnskap.example.no"]),
        record(
            CUSTOMER,
            company="Lunde Regnskap AS",
            organization_number=C,
            emails=["post@lunderegnskap.example.no"],
        ),
    ]
    accountant = record(HELPSCOUT, name="Anne Lie", emails=["anne@lunderegnskap.example.no"])
    assert linked(*units, *clients, accountant) == [0, 1, 2, 2]


def test_one_client_with_a_foreign_address_does_not_own_its_domain() -> None:
    client = record(CUSTOMER, company="Fjord AS", organization_number=A, emails=["anne@regn.example.no"])
    assert linked(
        unit(A, "FJORD AS"), client, record(HELPSCOUT, name="Per", emails=["per@regn.example.no"])
    ) == [0, None]


def test_the_domain_of_an_office_community_is_guarded() -> None:
    units = [unit(A, "FJORD AS"), unit(B, "TIND AS")]
    clients = [
        record(CUSTOMER, company="Fjord AS", organization_number=A, emails=["post@bryggen.example.no"]),
        record(CUSTOMER, company="Tind AS", organization_number=B, emails=["kari@bryggen.example.no"]),
    ]
    visitor = record(HELPSCOUT, name="Per", emails=["per@bryggen.example.no"])
    assert linked(*units, *clients, visitor) == [0, 1, None]
    guards = matched(*units, *clients, visitor).guards
    assert ("domain", "bryggen.example.no") in set(zip(guards["key_kind"], guards["key_value"], strict=True))


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


def test_a_site_kept_by_the_holding_company_does_not_take_the_staff_of_another() -> None:
    units = [unit(A, "FJORD HOLDING AS", website="www.fa99.example.no"), unit(B, "FJORD AS")]
    staff = [record(SIGNUP, name=f"{name} Hansen", company="Fjord AS", emails=[f"{name}@fa99.example.no"])
             for name in ("kari", "anne", "liv", "per")]  # fmt: skip
    bare = record(HELPSCOUT, name="Odd Moe", emails=["odd.moe@fa99.example.no"])
    assert linked(*units, *staff, bare) == [1, 1, 1, 1, None]


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


def namesakes() -> list[dict[str, object]]:
    """Two living units of one name in different towns."""
    return [
        unit(A, "LYSNE AS", city="BERGEN", postal_code="5003"),
        unit(B, "LYSNE AS", city="BODØ", postal_code="8006"),
    ]


def test_a_domain_that_spells_namesakes_is_of_the_one_that_was_seen_there() -> None:
    customer = record(
        CUSTOMER, company="Lysne AS", organization_number=B, emails=["faktura@lysne.example.no"]
    )
    named = record(SIGNUP, name="Kari Hansen", company="Lysne", emails=["kari@lysne.example.no"])
    nameless = record(HELPSCOUT, name="Per Berg", emails=["per@lysne.example.no"])
    assert linked(*namesakes(), customer, named, nameless) == [1, 1, 1]
    assert linked(*namesakes(), named, nameless) == [None, None], "nobody was seen there"


def test_a_domain_that_spells_a_namesake_nobody_saw_stays_a_doubt() -> None:
    """`lysne` is Lysne AS before it is Lysne Drift AS, which was seen there."""
    units = [unit(A, "LYSNE AS"), unit(B, "LYSNE DRIFT AS")]
    customer = record(
        CUSTOMER, company="Lysne Drift AS", organization_number=B, emails=["faktura@lysne.example.no"]
    )
    nameless = record(HELPSCOUT, name="Per Berg", emails=["per@lysne.example.no"])
    assert linked(*units, customer, nameless) == [1, None]


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


def test_a_short_name_on_the_domain_of_those_above_is_the_sub_unit_of_that_name() -> None:
    units = [
        unit(A, "FANA KOMMUNE", organization_form="ORGL"),
        unit(B, "SOLBAKKEN SKOLE", organization_form="BEDR", parent_number=A),
    ]
    customer = record(
        CUSTOMER, company="Fana kommune", organization_number=A, emails=["post@fana.example.no"]
    )
    teacher = record(SIGNUP, name="Kari Hansen", company="Solbakken", emails=["kari@fana.example.no"])
    stranger = record(SIGNUP, name="Ola Berg", company="Tind Bakeri", emails=["ola@fana.example.no"])
    assert linked(*units, customer, teacher, stranger) == [0, 1, None]


def test_a_domain_in_the_former_name_is_still_the_organisations() -> None:
    units = [unit(A, "NYE LYSNE AS", former_names=["FJORDBAKERI AS"])]
    customer = record(
        CUSTOMER, company="Nye Lysne AS", organization_number=A, emails=["post@fjordbakeri.example.no"]
    )
    slip = record(SIGNUP, name="Kari Hansen", company="Fjrdbakerie", emails=["kari@fjordbakeri.example.no"])
    nameless = record(HELPSCOUT, name="Per Berg", emails=["per@fjordbakeri.example.no"])
    assert linked(*units, customer, slip, nameless) == [0, 0, 0]


def test_a_number_in_what_a_person_writes_decides() -> None:
    text = f"Lysne AS ({B})"
    named = record(SIGNUP, name="Kari Hansen", company=text, emails=["kari@lysne.example.no"])
    assert linked(*namesakes(), named) == [1]


def test_a_town_of_two_words_tells_namesakes_apart() -> None:
    units = [unit(A, "LYSNE BAKERI AS", city="SØR-ODAL"), unit(B, "LYSNE BAKERI AS", city="BODØ")]
    assert linked(*units, record(SIGNUP, name="Kari Hansen", company="Lysne Bakeri, Sør-Odal")) == [0]


def test_a_short_name_on_a_domain_that_spells_a_longer_one_means_the_longer() -> None:
    units = [unit(A, "LYSNE AS"), unit(B, "LYSNE TRANSPORT AS")]
    customer = record(
        CUSTOMER,
        company="Lysne Transport AS",
        organization_number=B,
        emails=[f"{role}@lysnetransport.example.no" for role in ("post", "faktura", "kontakt")],
    )
    there = record(SIGNUP, name="Kari Hansen", company="Lysne", emails=["kari@lysnetransport.example.no"])
    elsewhere = record(SIGNUP, name="Ola Berg", company="Lysne")
    whole = record(SIGNUP, name="Liv Moe", company="Lysne AS", emails=["liv@lysnetransport.example.no"])
    assert linked(*units, customer, there, elsewhere, whole) == [1, 1, 0, 0]


def test_a_domain_two_members_of_a_group_share_is_of_none_unless_one_is_nearly_all_of_it() -> None:
    units = [unit(A, "LYSNE AS"), unit(B, "LYSNE DRIFT AS")]
    of_both = [
        record(CUSTOMER, company="Lysne AS", organization_number=A, emails=["a@lysne.example.no"]),
        record(CUSTOMER, company="Lysne Drift AS", organization_number=B, emails=["b@lysne.example.no"]),
    ]
    nameless = record(HELPSCOUT, name="Per Berg", emails=["per@lysne.example.no"])
    assert linked(*units, *of_both, nameless) == [0, 1, None]
    staff = [
        record(SIGNUP, name=f"Kari Hansen{at}", company="Lysne AS", emails=[f"k{at}@lysne.example.no"])
        for at in range(20)
    ]
    assert linked(*units, *of_both, *staff, nameless)[-1] == 0


def test_a_web_address_for_a_name_means_the_owner_of_the_domain() -> None:
    units = [unit(A, "LYSNE AS"), unit(B, "LYSNE DRIFT AS"), unit(C, "TIND BAKERI AS")]
    shared = [
        record(CUSTOMER, company="Lysne AS", organization_number=A, emails=["a@lysne.example.no"]),
        record(CUSTOMER, company="Lysne Drift AS", organization_number=B, emails=["b@lysne.example.no"]),
        record(CUSTOMER, company="Tind Bakeri AS", organization_number=C, website="tindbakeri.example.no"),
    ]
    people = [
        record(SIGNUP, name="Kari Hansen", company="www.tindbakeri.example.no"),
        record(SIGNUP, name="Ola Berg", company="lysne.example.no"),
    ]
    assert linked(*units, *shared, *people) == [0, 1, 2, 2, None]


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


def test_a_domain_is_not_the_holdings_when_more_of_its_group_are_seen_there() -> None:
    units = [unit(A, "LYSNE HOLDING AS"), unit(B, "LYSNE KRAFT AS"), unit(C, "TIND BAKERI AS")]
    holding = record(CUSTOMER, company="Lysne Holding AS", emails=["a@lysneholding.example.no"])
    staff = [
        record(
            SIGNUP, name=f"Liv Moe{at}", company="Lysne Kraft AS", emails=[f"k{at}@lysneholding.example.no"]
        )
        for at in range(2)
    ]
    others = [
        record(
            SIGNUP, name=f"Liv Moe{at}", company="Tind Bakeri AS", emails=[f"t{at}@lysneholding.example.no"]
        )
        for at in range(2)
    ]
    nameless = record(HELPSCOUT, name="Per Berg", emails=["per@lysneholding.example.no"])
    assert linked(*units, holding, *staff, nameless)[-1] is None
    assert linked(*units, holding, *others, nameless)[-1] == 0


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


def test_a_municipalitys_domain_is_its_own_before_that_of_a_company_of_the_place() -> None:
    """Only municipalities get a domain under `kommune.no`; this one is invented."""
    units = [unit(A, "LYSNESUND KOMMUNE", organization_form="KOMM"), unit(B, "LYSNESUND BYGG AS")]
    by_name = record(
        SIGNUP, name="Kari Hansen", company="Lysnesund kommune", emails=["kari@lysnesund.kommune.no"]
    )
    client = record(
        CUSTOMER, company="Lysnesund Bygg", organization_number=B, emails=["per@lysnesund.kommune.no"]
    )
    nameless = record(HELPSCOUT, name="Ola Berg", emails=["ola@lysnesund.kommune.no"])
    assert linked(*units, by_name, client, nameless) == [0, 1, 0]


def test_a_domain_in_norwegian_letters_spells_the_name() -> None:
    known = unit(A, "BLÅFJELL AS")
    client = record(CUSTOMER, company="Blåfjell", organization_number=A, emails=["per@blåfjell.example.no"])
    nameless = record(HELPSCOUT, name="Ola Berg", emails=["ola@blåfjell.example.no"])
    assert linked(known, client, nameless) == [0, 0]


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


def test_an_address_that_is_nobodys_shows_no_organisation() -> None:
    customer = record(CUSTOMER, company="Fjord Bakeri AS", organization_number=A, emails=["ukjent@ukjent.no"])
    writer = record(HELPSCOUT, name="Liv Dahl", emails=["ukjent@ukjent.no"])
    assert linked(unit(A, "FJORD BAKERI AS"), customer, writer) == [0, None]


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
