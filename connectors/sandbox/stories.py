"""The awkward cases of the world, each told as a story with its name.

Everybody in them is invented. What makes a case awkward is said in its docstring.
"""

from datetime import date
from decimal import Decimal

from connectors.brreg.simulator_state import address, foreign_address
from connectors.sandbox.cast import Company, Person, employee, private_person, synthetic_identity_number
from connectors.sandbox.stage import (
    ADVANCED_COURSE,
    AGENT,
    BASIC_COURSE,
    BASIC_LICENSE,
    EURO,
    INVOICING,
    ORDER_FORM,
    PLUS_LICENSE,
    SAMPLE_SOLUTION,
    SUPPORT,
    TEXT_MESSAGES,
    WEBINAR,
    Stage,
    Story,
)


def founding(stage: Stage) -> None:
    """What was there before the first customer: inboxes, agents, courses, order forms."""
    born = stage.ago(2_000)
    stage.helpscout.add_mailbox(SUPPORT, "Support", "support@example.no", at=born)
    stage.helpscout.add_mailbox(INVOICING, "Faktura", "faktura@example.no", at=born)
    stage.helpscout.add_user(AGENT, "Frida", "Support", "frida@example.no", at=born)
    stage.helpscout.customer_properties.append({"slug": "orgnr", "name": "Org.nr", "type": "text"})
    for number, name in (
        (BASIC_COURSE, "Grunnkurs: den første påmeldingen"),
        (ADVANCED_COURSE, "Videregående kurs: billetter og betaling"),
        (WEBINAR, "Webinar: nytt i systemet"),
        (SAMPLE_SOLUTION, "Be om en eksempelløsning"),
        (ORDER_FORM, "Bestilling"),
    ):
        stage.pindena.add_activity(number, name)
    for product, code, name in (
        (BASIC_LICENSE, "100", "Lisens Basis"),
        (PLUS_LICENSE, "200", "Lisens Pluss"),
        (TEXT_MESSAGES, "310", "SMS-pakke"),
    ):
        stage.tripletex.add_product(name, code, id=product, at=born)


def one_person_in_all_four_sources(stage: Stage) -> None:
    """She asked for a sample solution, ordered, is billed, took a course and writes to support: one card.

    The sources know more of her than is ours to read: her role, her job title, a note, what she wrote.
    """
    hotel = Company("Fjordlys Hotell AS", stage.numbers.organization(), "fjordlys.example.no",
                    street="Strandgaten 14", postcode="5004", city="BERGEN",
                    industry=("55.101", "Hoteller med restaurant"))  # fmt: skip
    ingrid = employee("Ingrid", "Sæther", hotel, stage.numbers.phone())
    stage.register(
        hotel,
        antallAnsatte=48,
        hjemmeside="www.fjordlys.example.no",
        epostadresse=hotel.mailbox("post"),
        telefon=stage.numbers.phone(),
    )
    stage.brreg.add_role(hotel.number, "DAGL", "Ingrid", "Sæther", date(1979, 3, 8), since=date(2019, 5, 2))
    stage.signs_up(ingrid, SAMPLE_SOLUTION, 420, company="Fjordlys Hotell")
    stage.signs_up(ingrid, ORDER_FORM, 400, company=hotel.name)
    customer = stage.customer(hotel, 398)
    stage.contact(customer, ingrid, 398)
    stage.subscribes(customer, 395, (PLUS_LICENSE, 1, 14_900))
    stage.bill(customer, 395, 14_900, paid=True)
    stage.bill(customer, 30, 14_900, paid=True)
    stage.signs_up(ingrid, BASIC_COURSE, 150, company="Fjordlys Hotell AS", status="confirmed", Paid="Paid")
    shouted = ingrid.email.upper().replace("EXAMPLE.NO", "example.no")
    stage.signs_up(ingrid, ADVANCED_COURSE, 20, company="Fjordlys Hotell AS", email=shouted, phone="")
    support = stage.known_to_support(
        ingrid, 380, company="Fjordlys Hotell", jobTitle="Hotellsjef", background="Ringer helst før lunsj."
    )
    stage.writes(support, 380, "Hvordan endrer jeg prisen?", "Hei, prisen på middagen er feil. Mvh Ingrid")
    stage.writes(
        support, 12, "Avmelding", "Hvordan lar jeg deltakerne melde seg av selv?", tags=["avmelding"]
    )


def two_people_with_one_name(stage: Stage) -> None:
    """Two women named Anne Hansen work for different companies: two cards."""
    for name, domain, city, postcode in (
        ("Nordlys Kulturhus SA", "nordlyskultur.example.no", "TROMSØ", "9008"),
        ("Vestkanten Idrettslag", "vestkanten.example.no", "STAVANGER", "4006"),
    ):
        form = "SA" if name.endswith("SA") else "FLI"
        house = Company(name, stage.numbers.organization(), domain, form, postcode=postcode, city=city)
        anne = employee("Anne", "Hansen", house, stage.numbers.phone())
        stage.register(house)
        customer = stage.customer(house, 500)
        stage.contact(customer, anne, 480)
        stage.bill(customer, 45, 6_900, paid=True)
        support = stage.known_to_support(anne, 300, company=name)
        stage.writes(support, 90, "Spørsmål om kvittering", "Deltakerne får ikke kvittering. Hilsen Anne")


def shared_mailboxes(stage: Stage) -> None:
    """Several people stand under post@ and faktura@: the addresses are the company's, not a person's."""
    school = Company("Granvang Folkehøgskole", stage.numbers.organization(), "granvang.example.no", "STI",
                     "Granvangvegen 2", "2450", "RENA", ("85.599", "Folkehøgskoleundervisning"))  # fmt: skip
    stage.register(school)
    customer = stage.customer(school, 900)
    for first, last in (("Tone", "Bakke"), ("Harald", "Lien"), ("Wenche", "Moe")):
        shared = Person(first, last, school.mailbox("post"), "")
        stage.contact(customer, shared, 600, phoneNumberMobile="", phoneNumberWork=stage.numbers.phone())
    stage.signs_up(Person("Harald", "Lien", school.mailbox("post"), ""), WEBINAR, 40, company=school.name)
    stage.signs_up(Person("Wenche", "Moe", school.mailbox("post"), ""), WEBINAR, 39, company=school.name)
    office = stage.known_to_support(Person("Granvang", "Folkehøgskole", school.mailbox("post"), ""), 350)
    billing = stage.known_to_support(Person("Faktura", "", school.mailbox("faktura"), ""), 340)
    stage.writes(office, 60, "Vi får ikke logget inn", "Hei, ingen på kontoret får logget inn. Mvh Tone")
    stage.writes(billing, 25, "Kopi av faktura", "Kan dere sende kopi av siste faktura?", mailbox=INVOICING)
    stage.bill(customer, 33, 9_800, paid=True)


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


def lead_without_a_company(stage: Stage) -> None:
    """Somebody asked for a sample solution from home and named no company."""
    stage.signs_up(private_person("Silje", "Næss", stage.numbers.phone()), SAMPLE_SOLUTION, 18)


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


def couple_with_one_address(stage: Stage) -> None:
    """Husband and wife share a mailbox: one address, two people."""
    for first in ("Gerd", "Kåre"):
        shared = Person(first, "Myrvold", "myrvold@privat.example.no", stage.numbers.phone())
        stage.signs_up(shared, WEBINAR, 34)


def another_surname(stage: Stage) -> None:
    """Sunniva signs up by another surname at the same address: married, or another Sunniva. People decide."""
    for last, days in (("Tveit", 330), ("Nordbø", 48)):
        stage.signs_up(
            Person("Sunniva", last, "sunniva@privat.example.no", stage.numbers.phone()), WEBINAR, days
        )


def address_of_nobody(stage: Stage) -> None:
    """Two who would not give their address wrote the same invented one."""
    for first, last, company in (("Nils", "Sivertsen", "Turlaget"), ("Elise", "Ruud", "Korforbundet")):
        stage.signs_up(
            Person(first, last, "ukjent@privat.example.no", stage.numbers.phone()),
            SAMPLE_SOLUTION,
            44,
            company=company,
        )


def contact_without_a_name(stage: Stage) -> None:
    """Support knows an address, and nothing else; the sign-up for a course has the name."""
    nameless = stage.known_to_support(Person("", "", "t.iversen@blikkfang.example.no", ""), 77)
    stage.writes(nameless, 77, "Feil i skjema", "Knappen virker ikke.")
    stage.signs_up(
        Person("Trine", "Iversen", "t.iversen@blikkfang.example.no", stage.numbers.phone()),
        WEBINAR,
        41,
        company="Blikkfang Messer",
    )


def transliterated_letters(stage: Stage) -> None:
    """Bjørn Ødegård writes himself Bjoern Oedegaard where a keyboard has no Norwegian letters."""
    firm = Company("Ørnefjell Opplevelser AS", stage.numbers.organization(), "ornefjell.example.no",
                   street="Fjellgata 5", postcode="2618", city="LILLEHAMMER")  # fmt: skip
    phone = stage.numbers.phone()
    stage.register(firm)
    customer = stage.customer(firm, 560)
    stage.contact(customer, Person("Bjørn", "Ødegård", "bjorn@ornefjell.example.no", phone))
    abroad = Person("Bjoern", "Oedegaard", "bjoern.oedegaard@privat.example.no", f"0047{phone}")
    stage.signs_up(abroad, ADVANCED_COURSE, 70, company="Oernefjell Opplevelser", status="confirmed")
    support = stage.known_to_support(
        Person("BJØRN", "ØDEGÅRD", "Bjorn@Ornefjell.example.no", f"+47 {phone}"), 210
    )
    stage.writes(support, 64, "Spørsmål", "Hei! Hvor finner jeg kursbeviset?")
    stage.bill(customer, 61, 14_900, paid=True)


def job_changer(stage: Stage) -> None:
    """He moved from one customer to another and kept his telephone: one person, two employers."""
    before = Company("Gamle Tider Museum", stage.numbers.organization(), "gamletider.example.no", "STI")
    after = Company("Framtidsbyen AS", stage.numbers.organization(), "framtidsbyen.example.no")
    phone = stage.numbers.phone()
    old, new = (employee("Håvard", "Rønning", firm, phone) for firm in (before, after))
    for firm in (before, after):
        stage.register(firm)
    stage.contact(stage.customer(before, 1_100), old, 1_000, isInactive=True)
    stage.contact(stage.customer(after, 300), new, 160)
    stage.writes(stage.known_to_support(old, 800, company=before.name), 790, "Hjelp", "Hvor er rapporten?")
    stage.signs_up(new, ADVANCED_COURSE, 140, company=after.name, status="confirmed", Paid="Paid")


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


def last_seen_long_ago(stage: Stage) -> None:
    """Nobody has heard of him for four years: what support knows of him has had its time."""
    former = private_person("Asbjørn", "Tveiten", stage.numbers.phone())
    stage.writes(stage.known_to_support(former, 1_460), 1_460, "Takk for hjelpen", "Da var alt i orden.")


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


def malformed_record(stage: Stage) -> None:
    """A whole letter was pasted into the first name: the record is set aside, the rest goes on."""
    letter = "Hei! Jeg vil gjerne melde på meg selv og to til, men finner ikke knappen. " * 20
    stage.signs_up(Person(letter, "Ukjent", "limt.inn@privat.example.no", ""), WEBINAR, 22)


def identity_number_in_a_name(stage: Stage) -> None:
    """She wrote her (synthetic) national identity number behind her name: it may not be kept."""
    number = synthetic_identity_number(date(1978, 4, 17), 101)
    person = Person("Mona", f"Paulsen {number}", "mona.paulsen@privat.example.no", stage.numbers.phone())
    stage.signs_up(person, BASIC_COURSE, 26)


def course_that_was_cancelled(stage: Stage) -> None:
    """A cancelled sign-up is shown only to who asks for changes."""
    participant = stage.signs_up(private_person("Stian", "Lunde", stage.numbers.phone()), ADVANCED_COURSE, 50)
    stage.pindena.cancel(participant, at=stage.ago(31))


def renamed_company(stage: Stage) -> None:
    """The register has the new name, the ledger the old one."""
    firm = Company("Nye Horisonter Kurs AS", stage.numbers.organization(), "nyehorisonter.example.no")
    stage.register(firm)
    stage.brreg.change_unit(firm.number, at=stage.ago(2_900), navn="GAMLE HORISONTER KURS AS")
    stage.brreg.rename_unit(firm.number, firm.official_name, at=stage.ago(240))
    customer = stage.customer(firm, 1_200, name="Gamle Horisonter Kurs AS")
    stage.contact(customer, employee("Lise", "Thorsen", firm, stage.numbers.phone()))
    stage.bill(customer, 200, 9_900, paid=True)


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


def twice_at_support(stage: Stage) -> None:
    """Support has one person twice, since he wrote from work and from home. One of them names the company."""
    firm = Company("Stjerneskudd Teater AS", stage.numbers.organization(), "stjerneskudd.example.no")
    phone = stage.numbers.phone()
    stage.register(firm)
    stage.helpscout.add_organization(
        660_001, firm.name, domains=[firm.domain], number=firm.number, at=stage.ago(330)
    )
    customer = stage.customer(firm, 610)
    work = employee("Eirik", "Gulbrandsen", firm, phone)
    stage.contact(customer, work)
    at_work = stage.known_to_support(
        work,
        329,
        company=firm.name,
        organizationId=660_001,
        properties=[_number_property(firm.number)],
    )
    at_home = stage.known_to_support(private_person("Eirik", "Gulbrandsen", phone), 120)
    stage.writes(at_work, 329, "Ny bruker", "Kan vi få en bruker til?")
    stage.writes(at_home, 120, "Ny bruker, igjen", "Jeg skriver hjemmefra nå.")


def spam(stage: Stage) -> None:
    """Not everybody who writes is a customer."""
    sender = stage.known_to_support(Person("Best", "Offers", "win@spam.example.no", ""), 15)
    stage.writes(sender, 15, "You have won", "Click here", status="spam", closed=False)


def events_of_other_customers(stage: Stage) -> None:
    """The same installation answers for other customers' events: nobody here may ask for them.

    Some of the participants are customers too; even so, what they told the organiser is not ours.
    """
    for activity, name, organizer, participants in FOREIGN_EVENTS:
        stage.pindena.add_activity(activity, name, organizer=organizer)
        for first, last, email in participants:
            stage.signs_up(
                Person(first, last, email, stage.numbers.phone()), activity, 30, status="confirmed"
            )


FOREIGN_EVENTS = (
    (
        901,
        "Årsmøte i Bergtatt Friluftsklubb",
        "Bergtatt Friluftsklubb",
        (
            ("Ingrid", "Sæther", "ingrid.saether@fjordlys.example.no"),
            ("Vidar", "Fremmed", "vidar.fremmed@privat.example.no"),
            ("Unni", "Fremmed", "unni.fremmed@privat.example.no"),
        ),
    ),
    (
        902,
        "Julekonsert i Nordlys Kulturhus",
        "Nordlys Kulturhus SA",
        (
            ("Mona", "Paulsen", "mona.paulsen@privat.example.no"),
            ("Sverre", "Ukjentmann", "sverre.ukjentmann@privat.example.no"),
            ("Gerd", "Ukjentmann", "gerd.ukjentmann@privat.example.no"),
            ("Ivar", "Ukjentmann", "ivar.ukjentmann@privat.example.no"),
        ),
    ),
)
"""Activity, name, organiser and participants (first name, last name, e-mail) of events that are not ours."""

STORIES: tuple[Story, ...] = (
    one_person_in_all_four_sources,
    two_people_with_one_name,
    shared_mailboxes,
    sole_proprietor,
    dissolved_company,
    removed_company,
    sub_unit_and_parent,
    bankrupt_company,
    number_nobody_has,
    lead_without_a_company,
    private_customer,
    couple_with_one_address,
    address_of_nobody,
    contact_without_a_name,
    transliterated_letters,
    job_changer,
    mistyped_number,
    accountant_of_several_customers,
    inactive_customers,
    last_seen_long_ago,
    invoices_of_every_kind,
    malformed_record,
    identity_number_in_a_name,
    course_that_was_cancelled,
    renamed_company,
    customer_twice_in_the_ledger,
    foreign_customer,
    licences_that_are_over,
    twice_at_support,
    spam,
    another_surname,
    events_of_other_customers,
)


def _swapped(number: str) -> str:
    """The number with two different neighbouring digits in each other's place: mod 11 notices."""
    place = next(place for place in range(1, 8) if number[place] != number[place + 1])
    return f"{number[:place]}{number[place + 1]}{number[place]}{number[place + 2 :]}"


def _number_property(number: str) -> dict[str, object]:
    return {"slug": "orgnr", "name": "Org.nr", "type": "text", "value": number}
