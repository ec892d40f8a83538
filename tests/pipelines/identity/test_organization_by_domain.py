"""Whose a mail domain is, and what organisation it shows."""

from __future__ import annotations

from tests.pipelines.identity.people import linked, matched, record, unit

SIGNUP, HELPSCOUT, CUSTOMER = "course_signup", "helpscout_customer", "tripletex_customer"
A, B, C = "300000002", "300000010", "300000029"


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


def test_a_site_kept_by_the_holding_company_does_not_take_the_staff_of_another() -> None:
    units = [unit(A, "FJORD HOLDING AS", website="www.fa99.example.no"), unit(B, "FJORD AS")]
    staff = [record(SIGNUP, name=f"{name} Hansen", company="Fjord AS", emails=[f"{name}@fa99.example.no"])
             for name in ("kari", "anne", "liv", "per")]  # fmt: skip
    bare = record(HELPSCOUT, name="Odd Moe", emails=["odd.moe@fa99.example.no"])
    assert linked(*units, *staff, bare) == [1, 1, 1, 1, None]


def test_a_domain_that_spells_a_namesake_nobody_saw_stays_a_doubt() -> None:
    """`lysne` is Lysne AS before it is Lysne Drift AS, which was seen there."""
    units = [unit(A, "LYSNE AS"), unit(B, "LYSNE DRIFT AS")]
    customer = record(
        CUSTOMER, company="Lysne Drift AS", organization_number=B, emails=["faktura@lysne.example.no"]
    )
    nameless = record(HELPSCOUT, name="Per Berg", emails=["per@lysne.example.no"])
    assert linked(*units, customer, nameless) == [1, None]


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


def test_an_address_that_is_nobodys_shows_no_organisation() -> None:
    customer = record(CUSTOMER, company="Fjord Bakeri AS", organization_number=A, emails=["ukjent@ukjent.no"])
    writer = record(HELPSCOUT, name="Liv Dahl", emails=["ukjent@ukjent.no"])
    assert linked(unit(A, "FJORD BAKERI AS"), customer, writer) == [0, None]
