"""The awkward cases of companies: what the register knows of them, and what is written elsewhere."""

from connectors.brreg.simulator_state import address, foreign_address
from connectors.sandbox.cast import Company, Person, employee
from connectors.sandbox.stage import (
    EURO,
    INVOICING,
    ORDER_FORM,
    PLUS_LICENSE,
    TEXT_MESSAGES,
    Stage,
)


def sole_proprietor(stage: Stage) -> None:
    """An ENK bears its owner's name and is a person before the law."""
    business = Company("Grafiker Solveig Myhre", stage.numbers.organization(), "myhredesign.example.no",
                       "ENK", "Fjellveien 9", "6004", "ÅLESUND", ("74.120", "Grafisk design"))  # fmt: skip
    solveig = Person("Solveig", "Myhre", "solveig@myhredesign.example.no", stage.numbers.phone())
    stage.register(business, antallAnsatte=None)
    stage.signs_up(solveig, ORDER_FORM, 310, company=business.name)
    customer = stage.customer(business, 305, email=solveig.email, invoiceEmail=solveig.email)
    stage.bill(customer, 300, 2_900, paid=True)
    support = stage.known_to_support(solveig, 200, company="")
    stage.writes(support, 100, "Logo i skjemaet", "Kan jeg bruke egen logo? Solveig")


def dissolved_company(stage: Stage) -> None:
    """The register still answers for a dissolved company, with a date of deletion."""
    gone = Company("Sluttstrek Arrangement AS", stage.numbers.organization(), "sluttstrek.example.no")
    stage.register(gone)
    stage.brreg.dissolve_unit(gone.number, at=stage.ago(120))
    customer = stage.customer(gone, 1_400, isInactive=True)
    stage.contact(customer, employee("Rune", "Haugland", gone, stage.numbers.phone()), 1_300)
    stage.bill(customer, 800, 7_500, paid=True)


def removed_company(stage: Stage) -> None:
    """The register has removed a company for legal reasons (410): what it had told must go."""
    removed = Company("Skjermet Virksomhet AS", stage.numbers.organization(), "skjermet.example.no")
    stage.register(removed)
    stage.brreg.remove_unit(removed.number, at=stage.ago(20))
    customer = stage.customer(removed, 640)
    stage.contact(customer, employee("Laila", "Strand", removed, stage.numbers.phone()), 600)
    stage.bill(customer, 210, 4_900, paid=True)


def sub_unit_and_parent(stage: Stage) -> None:
    """Branches order under numbers of their own; the register knows whom they belong to. One was closed."""
    parent = Company("Kystruta Reiseliv AS", stage.numbers.organization(), "kystruta.example.no",
                     street="Havnegata 3", postcode="7010", city="TRONDHEIM",
                     industry=("79.120", "Turoperatørvirksomhet"))  # fmt: skip
    branch = Company("Kystruta Reiseliv avd Bodø", stage.numbers.organization(), "kystruta.example.no",
                     "BEDR", "Sjøgata 21", "8006", "BODØ")  # fmt: skip
    stage.register(parent, antallAnsatte=63)
    stage.brreg.add_sub_unit(
        branch.number,
        branch.official_name,
        parent.number,
        at=stage.ago(1_500),
        announce=False,
        beliggenhetsadresse=address(branch.street, postnummer=branch.postcode, poststed=branch.city),
    )
    closed = Company("Kystruta Reiseliv avd Vadsø", stage.numbers.organization(), "kystruta.example.no",
                     "BEDR", "Havnegata 8", "9800", "VADSØ")  # fmt: skip
    stage.brreg.add_sub_unit(
        closed.number, closed.official_name, parent.number, at=stage.ago(1_400), announce=False
    )
    stage.brreg.dissolve_unit(closed.number, at=stage.ago(420))
    stage.customer(closed, 1_300, isInactive=True, email=parent.mailbox("vadso"))
    head = stage.customer(parent, 1_000)
    local = stage.customer(branch, 700, email=parent.mailbox("bodo"))
    stage.contact(head, employee("Geir", "Solberg", parent, stage.numbers.phone()))
    stage.contact(local, employee("Marit", "Vik", parent, stage.numbers.phone()))
    stage.bill(head, 60, 29_800, paid=True)
    stage.bill(local, 58, 11_900)


def bankrupt_company(stage: Stage) -> None:
    """It owes money and the register has opened proceedings: marketing stops, the claim stands."""
    broke = Company("Festivalfabrikken AS", stage.numbers.organization(), "festivalfabrikken.example.no",
                    street="Industrigata 40", postcode="0357")  # fmt: skip
    stage.register(broke)
    stage.brreg.bankrupt_unit(broke.number, at=stage.ago(35))
    customer = stage.customer(broke, 820)
    boss = employee("Kenneth", "Ruud", broke, stage.numbers.phone())
    stage.contact(customer, boss)
    stage.bill(customer, 110, 24_900)
    support = stage.known_to_support(boss, 400, company=broke.name)
    stage.writes(support, 105, "Utsettelse", "Kan vi få utsettelse med fakturaen?", mailbox=INVOICING)


def number_nobody_has(stage: Stage) -> None:
    """A number that passes mod 11, and that the register has never heard of."""
    club = Company("Rett Ved Siden Av", stage.numbers.organization(), "rettvedsidenav.example.no", "FLI")
    customer = stage.customer(club, 180)
    stage.contact(customer, employee("Torunn", "Aamodt", club, stage.numbers.phone()), 180)
    stage.bill(customer, 178, 4_900, paid=True)


def mistyped_number(stage: Stage) -> None:
    """Two digits of an organisation number changed places in the ledger; the order form has the name."""
    firm = Company("Solsiden Konferanse AS", stage.numbers.organization(), "solsiden.example.no",
                   postcode="7014", city="TRONDHEIM")  # fmt: skip
    stage.register(firm)
    customer = stage.customer(firm, 260, organizationNumber=_swapped(firm.number))
    eva = employee("Eva", "Sandvik", firm, stage.numbers.phone())
    stage.contact(customer, eva)
    stage.signs_up(eva, ORDER_FORM, 262, company="Solsiden Konferanse AS")
    stage.bill(customer, 250, 14_900, paid=True)


def renamed_company(stage: Stage) -> None:
    """The register has the new name, the ledger the old one."""
    firm = Company("Nye Horisonter Kurs AS", stage.numbers.organization(), "nyehorisonter.example.no")
    stage.register(firm)
    stage.brreg.change_unit(firm.number, at=stage.ago(2_900), navn="GAMLE HORISONTER KURS AS")
    stage.brreg.rename_unit(firm.number, firm.official_name, at=stage.ago(240))
    customer = stage.customer(firm, 1_200, name="Gamle Horisonter Kurs AS")
    stage.contact(customer, employee("Lise", "Thorsen", firm, stage.numbers.phone()))
    stage.bill(customer, 200, 9_900, paid=True)


def foreign_customer(stage: Stage) -> None:
    """A Swedish company, registered here as a branch (NUF), with an address abroad."""
    branch = Company("Västkusten Event NUF", stage.numbers.organization(), "vastkusten.example.no", "NUF")
    stage.register(
        branch,
        antallAnsatte=None,
        forretningsadresse=foreign_address("Hamngatan 4", land="Sverige", landkode="SE", poststed="GÖTEBORG"),
    )
    customer = stage.customer(
        branch,
        330,
        postalAddress={
            "addressLine1": "Hamngatan 4",
            "postalCode": "411 06",
            "city": "Göteborg",
            "country": 191,
        },
    )
    stage.contact(customer, employee("Åsa", "Lindqvist", branch, stage.numbers.phone()))
    stage.subscribes(customer, 325, (PLUS_LICENSE, 1, 1_290), (TEXT_MESSAGES, 1, 110), currency=EURO)


def _swapped(number: str) -> str:
    """The number with two different neighbouring digits in each other's place: mod 11 notices."""
    place = next(place for place in range(1, 8) if number[place] != number[place + 1])
    return f"{number[:place]}{number[place + 1]}{number[place]}{number[place + 2 :]}"
