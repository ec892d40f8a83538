"""The awkward cases of people: who is whom, under which names and addresses."""

from datetime import date

from connectors.sandbox.cast import Company, Person, employee, private_person
from connectors.sandbox.stage import (
    ADVANCED_COURSE,
    BASIC_COURSE,
    INVOICING,
    ORDER_FORM,
    PLUS_LICENSE,
    SAMPLE_SOLUTION,
    WEBINAR,
    Stage,
)


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
    """Several people are listed under post@ and faktura@: the addresses are the company's, not a person's."""
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


def lead_without_a_company(stage: Stage) -> None:
    """Somebody asked for a sample solution from home and named no company."""
    stage.signs_up(private_person("Silje", "Næss", stage.numbers.phone()), SAMPLE_SOLUTION, 18)


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


def last_seen_long_ago(stage: Stage) -> None:
    """Nobody has heard of him for four years: what support knows of him has had its time."""
    former = private_person("Asbjørn", "Tveiten", stage.numbers.phone())
    stage.writes(stage.known_to_support(former, 1_460), 1_460, "Takk for hjelpen", "Da var alt i orden.")


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


def _number_property(number: str) -> dict[str, object]:
    return {"slug": "orgnr", "name": "Org.nr", "type": "text", "value": number}
