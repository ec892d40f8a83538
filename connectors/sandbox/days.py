"""What a day brings: letters, edits, payments, a deletion, a merge, an event in the register.

All of it happens at the day's moment, in this order. Who is gone, since a client removed them, is left alone.
"""

from decimal import Decimal

from connectors.brreg.simulator_state import address
from connectors.sandbox.cast import Company, Person, employee, private_person
from connectors.sandbox.crowd import STREETS, strangers, written
from connectors.sandbox.stage import (
    AGENT,
    COURSES,
    ORDER_FORM,
    PLUS_LICENSE,
    SAMPLE_SOLUTION,
    TEXT_MESSAGES,
    WEBINAR,
    Stage,
)
from connectors.tripletex.simulator_state import Line


def live_a_day(stage: Stage) -> None:
    """Let one day happen, at the stage's present moment."""
    people = strangers(stage)
    _somebody_new_writes(stage, *next(people))
    _somebody_writes_again(stage)
    _support_closes_what_is_open(stage)
    _support_merges_twins(stage, *next(people))
    _support_deletes_somebody(stage)
    _numbers_are_corrected(stage)
    _a_customer_moves(stage)
    _a_bill_is_paid(stage)
    _a_bill_is_sent(stage)
    _a_licence_changes(stage)
    _somebody_signs_up(stage, *next(people))
    _somebody_cancels(stage)
    _the_register_changes(stage)
    if stage.day % 3 == 1:
        _a_customer_is_won(stage, *next(people))


def _somebody_new_writes(stage: Stage, first: str, last: str) -> None:
    person = private_person(first, last, stage.numbers.phone())
    customer_id = stage.known_to_support(person, 0)
    stage.writes(
        customer_id, 0, "Kan systemet brukes til loddsalg?", "Hei, vi vurderer systemet.", closed=False
    )
    stage.at_support.append(customer_id)


def _somebody_writes_again(stage: Stage) -> None:
    customer_id = _acquaintance(stage)
    if customer_id is not None:
        stage.writes(customer_id, 0, "Et spørsmål til", "Hei igjen, jeg har et spørsmål til.", closed=False)


def _support_closes_what_is_open(stage: Stage) -> None:
    """The oldest open inquiry gets its answer."""
    for number, stored in sorted(stage.helpscout.conversations.items()):
        if stored.payload["status"] == "active":
            stage.helpscout.reply(number, "Hei, det er ordnet nå.", by=AGENT)
            stage.helpscout.close_conversation(number, by=AGENT)
            return


def _support_merges_twins(stage: Stage, first: str, last: str) -> None:
    """Those who were found to be one yesterday are merged; another person writes from two addresses."""
    loser, winner = stage.twins
    if loser in stage.helpscout.customers and winner in stage.helpscout.customers:
        stage.helpscout.merge_customers(loser, winner)
    phone = stage.numbers.phone()
    home = private_person(first, last, phone)
    work = Person(first, last, f"{home.email.partition('@')[0]}@kontor.example.no", phone)
    stage.twins = (stage.known_to_support(work, 0), stage.known_to_support(home, 0))


def _support_deletes_somebody(stage: Stage) -> None:
    customer_id = _acquaintance(stage)
    if customer_id is not None:
        stage.helpscout.delete_customer(customer_id)


def _numbers_are_corrected(stage: Stage) -> None:
    """One person gets another telephone number, at Help Scout or in the ledger."""
    number = written(stage, stage.numbers.phone())
    customer_id = _acquaintance(stage)
    if stage.day % 2 and customer_id is not None:
        stage.helpscout.change_customer(customer_id, phones=[number])
        return
    contacts = sorted(stage.tripletex.table("Contact"))
    if contacts:
        stage.tripletex.change_contact(stage.random.choice(contacts), phoneNumberMobile=number)


def _a_customer_moves(stage: Stage) -> None:
    """A new address in the ledger: the customer's own version does not tell."""
    customers = _active_customers(stage)
    if customers:
        street = f"{stage.random.choice(STREETS)} {stage.random.randrange(1, 90)}"
        stage.tripletex.change_address(stage.random.choice(customers), addressLine1=street)


def _a_bill_is_paid(stage: Stage) -> None:
    """The oldest one that is open; a payment leaves an invoice's version alone."""
    for invoice_id, stored in sorted(stage.tripletex.table("Invoice").items()):
        if stored.values["amountOutstanding"] > 0:
            stage.tripletex.pay_invoice(invoice_id, on=stage.date_ago(0))
            return


def _a_bill_is_sent(stage: Stage) -> None:
    customers = _active_customers(stage)
    if customers:
        stage.bill(stage.random.choice(customers), 0, 2_400, text="Bistand")


def _a_licence_changes(stage: Stage) -> None:
    """The oldest running order gets more text messages; by turns a line is added, and its count raised."""
    for order_id, stored in sorted(stage.tripletex.table("Order").items()):
        if not stored.values.get("isSubscription") or stored.values.get("isClosed"):
            continue
        lines = stage.tripletex.table("OrderLine")
        packs = [
            line_id
            for line_id in stored.values["orderLines"]
            if lines[line_id].values["product"] == TEXT_MESSAGES
        ]
        if packs:
            count = lines[packs[0]].values["count"]
            stage.tripletex.change_line(packs[0], count=count + 1)
        else:
            stage.tripletex.add_line(order_id, Line(product=TEXT_MESSAGES, unit_price=Decimal(1_200)))
        return


def _somebody_signs_up(stage: Stage, first: str, last: str) -> None:
    company = stage.random.choice(stage.companies)
    stage.signs_up(employee(first, last, company, stage.numbers.phone()), WEBINAR, 0, company=company.name)
    stage.signs_up(private_person(last, first, stage.numbers.phone()), SAMPLE_SOLUTION, 0)


def _somebody_cancels(stage: Stage) -> None:
    standing = [
        number
        for number, participant in sorted(stage.pindena.participants.items())
        if participant.payload["RegistrationID"] in COURSES and participant.payload["Active"]
    ]
    if standing:
        stage.pindena.cancel(stage.random.choice(standing))


def _the_register_changes(stage: Stage) -> None:
    """Day by day: a new address, a new name, a bankruptcy, a dissolution, a removal."""
    living = [company for company in stage.companies if company.number in _living(stage)]
    if not living:
        return
    company = stage.random.choice(living)
    match stage.day % 5:
        case 1:
            street = f"{stage.random.choice(STREETS)} {stage.random.randrange(1, 90)}"
            place = address(street, postnummer=company.postcode, poststed=company.city)
            stage.brreg.change_unit(company.number, forretningsadresse=place)
        case 2:
            stage.brreg.rename_unit(company.number, f"NYE {company.official_name}")
        case 3:
            stage.brreg.bankrupt_unit(company.number)
        case 4:
            stage.brreg.dissolve_unit(company.number)
        case _:
            stage.brreg.remove_unit(company.number)


def _a_customer_is_won(stage: Stage, first: str, last: str) -> None:
    """An order form comes in, and the customer is put into the ledger and billed."""
    name = f"{last} Arrangement AS"
    company = Company(name, stage.numbers.organization(), f"arrangement{stage.day}.example.no")
    person = employee(first, last, company, stage.numbers.phone())
    stage.register(company, 0)
    stage.companies.append(company)
    stage.signs_up(person, ORDER_FORM, 0, company=name)
    customer = stage.customer(company, 0)
    stage.contact(customer, person, 0)
    stage.bill(customer, 0, 14_900)
    stage.subscribes(customer, 0, (PLUS_LICENSE, 1, 14_900))


def _acquaintance(stage: Stage) -> int | None:
    """Somebody support knows and who is still there."""
    present = [number for number in stage.at_support if number in stage.helpscout.customers]
    return stage.random.choice(present) if present else None


def _active_customers(stage: Stage) -> list[int]:
    return [
        number
        for number, stored in sorted(stage.tripletex.table("Customer").items())
        if not stored.values.get("isInactive")
    ]


def _living(stage: Stage) -> set[str]:
    return {unit.number for unit in stage.brreg.living("enhet")}
