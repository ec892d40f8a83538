"""Each awkward case of the world is really there, over HTTP."""

from __future__ import annotations

from collections import Counter
from datetime import date

from stdnum.no import orgnr

from schemas.payloads.helpscout import HelpScoutCustomer
from schemas.payloads.pindena import CourseSignup
from schemas.payloads.types import MAX_TEXT, REDACTED
from tests.connectors.sandbox.apis import Apis, Record, emails_of

TODAY = date(2026, 3, 10)


def named(rows: list[Record], text: str, key: str = "name") -> Record:
    """The one row whose name has the text in it."""
    (found,) = [row for row in rows if text in row[key]]
    return found


def contacts_of(world: Apis, customer: Record) -> list[Record]:
    return [row for row in world.contacts() if row["customer"]["id"] == customer["id"]]


def test_one_person_stands_in_all_four_sources(world: Apis) -> None:
    email = "ingrid.saether@fjordlys.example.no"
    customer = named(world.customers(), "Fjordlys")

    assert [row for row in world.support_customers() if email in emails_of(row)]
    assert [row["email"] for row in contacts_of(world, customer)] == [email]
    assert email in {row["Email"].lower() for row in world.signups()}
    assert email in {row["Email"] for row in world.orders()}
    assert world.unit(customer["organizationNumber"]).json()["navn"] == "FJORDLYS HOTELL AS"


def test_two_people_have_one_name(world: Apis) -> None:
    found = [row for row in world.contacts() if (row["firstName"], row["lastName"]) == ("Anne", "Hansen")]

    assert len(found) == 2
    assert len({row["email"] for row in found}) == 2
    assert len({row["phoneNumberMobile"] for row in found}) == 2
    assert len({row["customer"]["id"] for row in found}) == 2


def test_several_people_stand_under_one_mailbox(world: Apis) -> None:
    customer = named(world.customers(), "Granvang")
    contacts = contacts_of(world, customer)

    assert {row["email"] for row in contacts} == {"post@granvang.example.no"}
    assert len({row["lastName"] for row in contacts}) == 3
    addresses = [address for row in world.support_customers() for address in emails_of(row)]
    assert {"post@granvang.example.no", "faktura@granvang.example.no"} <= set(addresses)


def test_a_sole_proprietor_bears_its_owners_name(world: Apis) -> None:
    customer = named(world.customers(), "Solveig Myhre")
    unit = world.unit(customer["organizationNumber"]).json()

    assert unit["organisasjonsform"]["kode"] == "ENK"
    assert "MYHRE" in unit["navn"]
    assert customer["email"] in {row["Email"] for row in world.orders()}


def test_a_dissolved_company_answers_with_its_date(world: Apis) -> None:
    answer = world.unit(named(world.customers(), "Sluttstrek")["organizationNumber"])

    assert answer.status_code == 200
    assert date.fromisoformat(answer.json()["slettedato"]) < TODAY


def test_a_removed_company_is_gone_for_good(world: Apis) -> None:
    answer = world.unit(named(world.customers(), "Skjermet")["organizationNumber"])

    assert answer.status_code == 410
    assert "navn" not in answer.json()


def test_a_branch_names_its_parent(world: Apis) -> None:
    parent = named(world.customers(), "Kystruta Reiseliv AS")["organizationNumber"]
    branch = named(world.customers(), "avd Bodø")["organizationNumber"]
    closed = named(world.customers(), "avd Vadsø")["organizationNumber"]

    assert world.unit(branch).status_code == 404
    assert world.unit(branch, "underenheter").json()["overordnetEnhet"] == parent
    assert world.unit(closed, "underenheter").json()["slettedato"]


def test_a_bankrupt_company_owes_money(world: Apis) -> None:
    customer = named(world.customers(), "Festivalfabrikken")
    (invoice,) = [row for row in world.invoices() if row["customer"]["id"] == customer["id"]]

    assert world.unit(customer["organizationNumber"]).json()["konkurs"] is True
    assert invoice["amountOutstanding"] == invoice["amount"] > 0
    assert date.fromisoformat(invoice["invoiceDueDate"]) < TODAY


def test_a_valid_number_may_be_unknown_to_the_register(world: Apis) -> None:
    number = named(world.customers(), "Rett Ved Siden Av")["organizationNumber"]

    assert orgnr.is_valid(number)
    for kind in ("enheter", "underenheter"):
        answer = world.unit(number, kind)
        assert (answer.status_code, answer.content) == (404, b"")


def test_a_lead_has_no_company(world: Apis) -> None:
    lead = named(world.orders(), "Silje", "FirstName")

    assert lead["CompanyName"] == ""
    assert lead["Email"] not in {row["email"] for row in world.contacts()}


def test_a_private_individual_is_billed(world: Apis) -> None:
    customer = named(world.customers(), "Odd Birkeland")

    assert customer["isPrivateIndividual"] is True
    assert customer["organizationNumber"] == ""
    assert customer["email"] in {row["Email"] for row in world.signups()}


def test_husband_and_wife_share_an_address(world: Apis) -> None:
    couple = [row for row in world.signups() if row["LastName"] == "Myrvold"]

    assert len({row["FirstName"] for row in couple}) == 2
    assert len({row["Email"] for row in couple}) == 1


def test_two_strangers_gave_the_same_invented_address(world: Apis) -> None:
    found = [row for row in world.orders() if row["Email"].startswith("ukjent@")]

    assert len({(row["FirstName"], row["LastName"], row["CompanyName"]) for row in found}) == 2


def test_support_knows_somebody_without_a_name(world: Apis) -> None:
    (nameless,) = [row for row in world.support_customers() if not row["firstName"] and not row["lastName"]]

    (address,) = emails_of(nameless)
    assert address in {row["Email"] for row in world.signups()}


def test_somebody_writes_himself_without_norwegian_letters(world: Apis) -> None:
    (contact,) = [row for row in world.contacts() if row["lastName"] == "Ødegård"]
    (signup,) = [row for row in world.signups() if row["LastName"] == "Oedegaard"]

    assert contact["email"] != signup["Email"]
    assert contact["phoneNumberMobile"] == signup["Phone"].removeprefix("0047")


def test_one_address_has_one_first_name_and_two_surnames(world: Apis) -> None:
    found = [row for row in world.signups() if row["FirstName"] == "Sunniva"]

    assert len({row["LastName"] for row in found}) == 2
    assert len({row["Email"] for row in found}) == 1


def test_somebody_changed_jobs_and_kept_the_telephone(world: Apis) -> None:
    jobs = [row for row in world.contacts() if row["lastName"] == "Rønning"]

    assert len({row["customer"]["id"] for row in jobs}) == 2
    assert len({row["email"] for row in jobs}) == 2
    assert len({row["phoneNumberMobile"] for row in jobs}) == 1
    assert Counter(row["isInactive"] for row in jobs) == {True: 1, False: 1}


def test_a_number_is_mistyped(world: Apis) -> None:
    """And is the only one that is: everything else in the world passes mod 11."""
    wrong = [
        row
        for row in world.customers()
        if row["organizationNumber"] and not orgnr.is_valid(row["organizationNumber"])
    ]

    assert [row["name"] for row in wrong] == ["Solsiden Konferanse AS"]


def test_an_accountants_address_stands_on_several_clients(world: Apis) -> None:
    address = "berit.knutsen@tallogtrygghet.example.no"

    assert len([row for row in world.customers() if row["invoiceEmail"] == address]) == 4
    assert len({row["customer"]["id"] for row in world.contacts() if row["email"] == address}) == 4


def test_some_customers_are_inactive(world: Apis) -> None:
    inactive = {row["name"] for row in world.customers() if row["isInactive"]}

    assert {"Sommerrevyen i Byparken", "Ferdig Messe AS"} <= inactive
    assert not inactive & {row["name"] for row in world.ledger("/customer", isInactive="false")}


def test_invoices_are_paid_open_overdue_paid_in_part_and_credited(world: Apis) -> None:
    customer = named(world.customers(), "Bergtatt")
    rows = [row for row in world.invoices() if row["customer"]["id"] == customer["id"]]

    def kind(row: Record) -> str:
        if row["isCreditNote"] or row["isCredited"]:
            return "credit note" if row["isCreditNote"] else "credited"
        if not row["amountOutstanding"]:
            return "paid"
        if row["amountOutstanding"] < row["amount"]:
            return "paid in part"
        return "overdue" if date.fromisoformat(row["invoiceDueDate"]) < TODAY else "open"

    kinds = ("paid", "open", "overdue", "paid in part", "credited", "credit note")
    assert Counter(map(kind, rows)) == dict.fromkeys(kinds, 1)


def test_a_record_is_malformed(world: Apis) -> None:
    bad = [row for row in world.signups() if len(row["FirstName"]) > MAX_TEXT]

    assert len(bad) == 1
    assert bad[0]["Status"] == "registered"


def test_a_national_identity_number_stands_in_a_name(world: Apis) -> None:
    (row,) = [row for row in world.signups() if any(sign.isdigit() for sign in row["LastName"])]

    assert CourseSignup.model_validate(row).last_name == f"Paulsen {REDACTED}"


def test_a_cancelled_signup_is_shown_to_who_asks_for_changes(world: Apis) -> None:
    def of_stian(rows: list[Record]) -> list[str]:
        return [row["Status"] for row in rows if (row["FirstName"], row["LastName"]) == ("Stian", "Lunde")]

    assert of_stian(world.signups()) == []
    assert of_stian(world.signups(updated_after="2000-01-01")) == ["cancelled"]


def test_a_company_has_a_new_name_that_the_ledger_does_not_know(world: Apis) -> None:
    customer = named(world.customers(), "Gamle Horisonter")
    unit = world.unit(customer["organizationNumber"]).json()

    assert unit["navn"] == "NYE HORISONTER KURS AS"
    assert [item["navn"] for item in unit["historiskeNavn"]] == ["GAMLE HORISONTER KURS AS"]


def test_one_organisation_is_two_customers(world: Apis) -> None:
    rows = [row for row in world.customers() if row["name"].startswith("Elvebyen kommune")]

    assert len(rows) == 2
    assert len({row["organizationNumber"] for row in rows}) == 1


def test_a_customer_lives_abroad(world: Apis) -> None:
    customer = named(world.customers(), "Västkusten")
    unit = world.unit(customer["organizationNumber"]).json()

    assert customer["postalAddress"]["country"]["isoAlpha2Code"] == "SE"
    assert unit["forretningsadresse"]["landkode"] == "SE"


def test_support_has_one_person_twice(world: Apis) -> None:
    rows = [row for row in world.support_customers() if row["lastName"] == "Gulbrandsen"]
    read = [HelpScoutCustomer.model_validate(row) for row in rows]

    assert len(rows) == 2
    assert len({phone for row in read for phone in row.phones}) == 1
    (number,) = [row.organization_number for row in read if row.organization_number]
    assert number == named(world.customers(), "Stjerneskudd")["organizationNumber"]


def test_somebody_was_last_seen_four_years_ago(world: Apis) -> None:
    (row,) = [row for row in world.support_customers() if row["lastName"] == "Tveiten"]

    assert date.fromisoformat(row["updatedAt"][:10]).year <= TODAY.year - 4


def test_support_gets_spam(world: Apis) -> None:
    assert "spam" in {row["status"] for row in world.conversations()}


def test_inquiries_have_bodies_that_could_be_read(world: Apis) -> None:
    """That the pipeline never reads them is a choice only where they are."""
    number = world.conversations()[0]["id"]
    threads = world.helpscout("GET", f"/v2/conversations/{number}/threads").json()["_embedded"]["threads"]

    assert all(thread["body"] for thread in threads)


def test_the_register_would_tell_who_leads_a_company(world: Apis) -> None:
    number = named(world.customers(), "Fjordlys")["organizationNumber"]

    assert "Sæther" in world.unit(f"{number}/roller").text


def test_what_the_register_does_not_know_is_absent(world: Apis) -> None:
    """Never null: a client that has only met absent fields would not notice a null."""
    answers = [
        world.unit(row["organizationNumber"]) for row in world.customers() if row["organizationNumber"]
    ]
    units = [answer.json() for answer in answers if answer.content]

    assert not [unit for unit in units if None in unit.values()]
    assert [unit for unit in units if "antallAnsatte" not in unit]


def test_other_customers_events_answer_whoever_asks(world: Apis) -> None:
    """So that never asking is a real choice; some who take part there are our customers as well."""
    own = {
        int(number)
        for variable in ("PINDENA_COURSE_ACTIVITIES", "PINDENA_ORDER_ACTIVITIES")
        for number in world.given[variable].split(",")
    }
    our_addresses = {row["Email"] for row in [*world.signups(), *world.orders()]}
    for activity in (901, 902):
        assert activity not in own
        rows = world.participants(activity)
        assert {row["RegistrationID"] for row in rows} == {activity}
        addresses = {row["Email"] for row in rows}
        assert addresses & our_addresses
        assert addresses - our_addresses


def subscriptions_of(world: Apis, customer: Record) -> list[Record]:
    return [row for row in world.subscriptions() if row["customer"]["id"] == customer["id"]]


def test_most_customers_have_a_licence_that_runs(world: Apis) -> None:
    running = {row["customer"]["id"] for row in world.subscriptions() if not row["isClosed"]}
    active = [row for row in world.customers() if not row["isInactive"]]

    assert len(running) > len(active) / 2
    assert {line["product"]["name"] for row in world.subscriptions() for line in row["orderLines"]} == {
        "Lisens Basis",
        "Lisens Pluss",
        "SMS-pakke",
    }


def test_licences_ended_were_closed_and_are_to_begin(world: Apis) -> None:
    ended, closed, coming = subscriptions_of(world, named(world.customers(), "Teppefall"))

    assert (ended["subscriptionDuration"], ended["isClosed"]) == (12, False)
    assert date.fromisoformat(ended["orderDate"]) < date(2025, 3, 10)
    assert (closed["subscriptionDuration"], closed["isClosed"]) == (0, True)
    assert closed["changes"][-1]["timestamp"].startswith("2026-01-09")
    assert date.fromisoformat(coming["orderDate"]) > TODAY


def test_a_foreign_customer_subscribes_in_euros(world: Apis) -> None:
    (order,) = subscriptions_of(world, named(world.customers(), "Västkusten"))

    assert order["currency"]["code"] == "EUR"
    assert [line["unitPriceExcludingVatCurrency"] for line in order["orderLines"]] == [1_290, 110]


def test_the_world_is_of_the_promised_size(world: Apis) -> None:
    numbers = {row["organizationNumber"] for row in world.customers() if row["organizationNumber"]}
    people = {(row["firstName"], row["lastName"]) for row in [*world.support_customers(), *world.contacts()]}
    people |= {(row["FirstName"], row["LastName"]) for row in [*world.signups(), *world.orders()]}

    assert 55 <= len(numbers) <= 75
    assert 130 <= len(people) <= 180


def test_nobody_in_it_is_real(world: Apis) -> None:
    """Numbers of organisations begin with 3, mail lies under example.no, telephones under 219 9."""
    assert all(row["organizationNumber"][:1] in ("", "3") for row in world.customers())
    addresses = [address for row in world.support_customers() for address in emails_of(row)]
    addresses += [row["email"] for row in [*world.contacts(), *world.customers()] if row["email"]]
    addresses += [row["Email"] for row in [*world.signups(), *world.orders()] if row["Email"]]
    assert all(address.lower().endswith(".example.no") for address in addresses)
    phones = [entry["value"] for row in world.support_customers() for entry in row["_embedded"]["phones"]]
    phones += [row["phoneNumberMobile"] for row in world.contacts() if row["phoneNumberMobile"]]
    phones += [row["phoneNumber"] for row in world.customers() if row["phoneNumber"]]
    phones += [row["Phone"] for row in [*world.signups(), *world.orders()] if row["Phone"]]
    digits = ["".join(filter(str.isdigit, phone))[-8:] for phone in phones]
    assert digits
    assert all(number.startswith("2199") for number in digits)
