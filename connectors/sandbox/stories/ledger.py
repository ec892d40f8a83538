"""The awkward cases of the ledger: customers, invoices and licences of every kind."""

from decimal import Decimal

from connectors.sandbox.cast import Company, employee, private_person
from connectors.sandbox.stage import (
    BASIC_COURSE,
    BASIC_LICENSE,
    INVOICING,
    PLUS_LICENSE,
    TEXT_MESSAGES,
    Stage,
)


def private_customer(stage: Stage) -> None:
    """A private individual is billed: no organisation number, known by e-mail."""
    odd = private_person("Odd", "Birkeland", stage.numbers.phone())
    customer = stage.tripletex.add_customer(
        odd.name,
        email=odd.email,
        phoneNumberMobile=odd.phone,
        isPrivateIndividual=True,
        id=stage.next_id("tripletex customer"),
        postalAddress={"addressLine1": "Bakkeveien 7", "postalCode": "3015", "city": "Drammen"},
        at=stage.ago(90),
    )
    stage.bill(customer, 88, 1_200, text="Kurs for privatpersoner", paid=True)
    stage.signs_up(odd, BASIC_COURSE, 95, status="confirmed", Paid="Invoiced")


def accountant_of_several_customers(stage: Stage) -> None:
    """One accountant receives the invoices of four customers: her address tells none of them apart."""
    office = Company("Tall og Trygghet Regnskap AS", stage.numbers.organization(),
                     "tallogtrygghet.example.no", industry=("69.201", "Regnskap og bokføring"))  # fmt: skip
    berit = employee("Berit", "Knutsen", office, stage.numbers.phone())
    stage.register(office)
    for name, domain in (
        ("Bølgen Badeland AS", "bolgen.example.no"),
        ("Skogsstien Barnehage SA", "skogsstien.example.no"),
        ("Havgløtt Seilforening", "havglott.example.no"),
        ("Tindeklubben", "tindeklubben.example.no"),
    ):
        form = name.rpartition(" ")[2] if name.endswith((" AS", " SA")) else "FLI"
        client = Company(name, stage.numbers.organization(), domain, form)
        stage.register(client)
        customer = stage.customer(client, 470, invoiceEmail=berit.email)
        stage.contact(customer, berit, 460)
        stage.bill(customer, 75, 4_900, paid=True)
    support = stage.known_to_support(berit, 330, company=office.name)
    stage.writes(support, 74, "Fakturaer for klientene", "Kan alle fakturaer gå til meg?", mailbox=INVOICING)


def inactive_customers(stage: Stage) -> None:
    """They left years ago and are kept in the ledger, inactive, as the law demands."""
    for name, domain in (("Sommerrevyen i Byparken", "sommerrevyen.example.no"),
                         ("Ferdig Messe AS", "ferdigmesse.example.no")):  # fmt: skip
        form = "AS" if name.endswith("AS") else "FLI"
        former = Company(name, stage.numbers.organization(), domain, form)
        stage.register(former)
        customer = stage.customer(former, 2_000, isInactive=True)
        stage.contact(
            customer, employee("Per", "Danielsen", former, stage.numbers.phone()), 1_990, isInactive=True
        )
        stage.bill(customer, 1_500, 5_900, paid=True)
        stage.bill(customer, 1_900, 5_900, paid=True)


def invoices_of_every_kind(stage: Stage) -> None:
    """Paid, open, overdue, paid in part, credited: and what a credit note nullified owes nothing."""
    club = Company("Bergtatt Friluftsklubb", stage.numbers.organization(), "bergtatt.example.no", "FLI",
                   postcode="6856", city="SOGNDAL")  # fmt: skip
    stage.register(club)
    customer = stage.customer(club, 950)
    stage.contact(customer, employee("Ragnhild", "Eide", club, stage.numbers.phone()))
    stage.bill(customer, 400, 8_000, paid=True)
    stage.bill(customer, 5, 8_000)
    stage.bill(customer, 130, 3_200)
    partly = stage.bill(customer, 100, 6_000)
    stage.tripletex.pay_invoice(partly, Decimal(2_500), at=stage.ago(80))
    wrong = stage.bill(customer, 50, 80_000)
    stage.tripletex.credit_invoice(wrong, stage.date_ago(48), comment="Feil beløp", at=stage.ago(48))


def customer_twice_in_the_ledger(stage: Stage) -> None:
    """One department each was made a customer, with the same organisation number."""
    town = Company("Elvebyen kommune", stage.numbers.organization(), "elvebyen.example.no", "KOMM",
                   "Rådhusplassen 1", "3717", "SKIEN", ("84.110", "Offentlig administrasjon"))  # fmt: skip
    stage.register(town, antallAnsatte=412)
    for department, first, last in (("kultur", "Jorunn", "Aas"), ("idrett", "Arild", "Holm")):
        customer = stage.customer(
            town, 1_050, name=f"{town.name}, {department}", email=town.mailbox(department)
        )
        stage.contact(customer, employee(first, last, town, stage.numbers.phone()))
        stage.bill(customer, 66, 19_900, paid=True)


def licences_that_are_over(stage: Stage) -> None:
    """One ran for a year, one was closed when the customer gave notice, one is agreed and yet to begin."""
    theatre = Company("Teppefall Teaterlag", stage.numbers.organization(), "teppefall.example.no", "FLI",
                      postcode="7600", city="LEVANGER")  # fmt: skip
    stage.register(theatre)
    customer = stage.customer(theatre, 820)
    stage.contact(customer, employee("Oddvar", "Sletten", theatre, stage.numbers.phone()))
    stage.subscribes(customer, 800, (BASIC_LICENSE, 1, 8_900), months=12)
    closed = stage.subscribes(customer, 430, (PLUS_LICENSE, 1, 14_900), (TEXT_MESSAGES, 3, 1_200))
    stage.tripletex.change_order(closed, at=stage.ago(60), isClosed=True)
    stage.subscribes(customer, -30, (BASIC_LICENSE, 1, 9_900))
    stage.bill(customer, 430, 18_500, paid=True)
