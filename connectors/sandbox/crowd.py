"""The ordinary customers around those whose story is told: drawn from the seed, each whole in itself."""

from collections.abc import Iterator
from itertools import product

from connectors.sandbox.cast import Company, Person, employee, private_person
from connectors.sandbox.stage import (
    ADVANCED_COURSE,
    BASIC_COURSE,
    BASIC_LICENSE,
    INVOICING,
    ORDER_FORM,
    PLUS_LICENSE,
    SAMPLE_SOLUTION,
    SUPPORT,
    TEXT_MESSAGES,
    WEBINAR,
    Stage,
)

LEADS = 14


def crowd(stage: Stage) -> None:
    """Fill the world with customers, and with leads that may become some."""
    people = strangers(stage)
    for company in _companies(stage):
        _customer(stage, company, people)
    for number in range(LEADS):
        _lead(stage, next(people), named=number % 2 == 0)
    first, last = next(people)
    _twins(stage, first, last)


def strangers(stage: Stage) -> Iterator[tuple[str, str]]:
    """First and last names in an order of the seed's, no pair twice."""
    pairs = list(product(FIRST_NAMES, LAST_NAMES))
    stage.random.shuffle(pairs)
    return iter(pairs)


def written(stage: Stage, phone: str) -> str:
    """A telephone number as one of many people would write it."""
    return stage.random.choice(
        (
            phone,
            f"+47 {phone}",
            f"+47{phone}",
            f"{phone[:2]} {phone[2:4]} {phone[4:6]} {phone[6:]}",
            f"{phone[:3]} {phone[3:5]} {phone[5:]}",
        )
    )


def _companies(stage: Stage) -> Iterator[Company]:
    for line in COMPANIES.strip().splitlines():
        name, form, domain, postcode, city, code, industry = (part.strip() for part in line.split("|"))
        street = f"{stage.random.choice(STREETS)} {stage.random.randrange(1, 90)}"
        yield Company(
            name,
            stage.numbers.organization(),
            f"{domain}.example.no",
            form,
            street,
            postcode,
            city,
            (code, industry),
        )


def _customer(stage: Stage, company: Company, people: Iterator[tuple[str, str]]) -> None:
    """One company with its licence, two or three people, and what they asked and learned."""
    random = stage.random
    since = random.randrange(60, 1_600)
    stage.register(
        company, since + random.randrange(100, 4_000), antallAnsatte=random.choice((None, 3, 9, 24, 130))
    )
    stage.companies.append(company)
    customer = stage.customer(company, since, phoneNumber=written(stage, stage.numbers.phone()))
    for age in range(since - 10, 0, -365):
        stage.bill(
            customer, age, random.choice((4_900, 9_900, 14_900, 29_800)), paid=age > 25 or age % 2 == 0
        )
    _has_a_licence(stage, customer, since, place=len(stage.companies))
    for place in range(random.randrange(2, 4)):
        first, last = next(people)
        person = employee(first, last, company, stage.numbers.phone())
        if place == 0:
            _is_the_contact(stage, person, company, customer, since)
        else:
            _is_a_colleague(stage, person, company, since)


def _has_a_licence(stage: Stage, customer: int, since: int, *, place: int) -> None:
    """Most have the basic one; every third has the larger one, and every sixth text messages besides."""
    lines = [(BASIC_LICENSE, 1, 9_900) if place % 3 else (PLUS_LICENSE, 1, 14_900)]
    if place % 6 == 0:
        lines.append((TEXT_MESSAGES, 2, 1_200))
    stage.subscribes(customer, since - 10, *lines)


def _is_the_contact(stage: Stage, person: Person, company: Company, customer: int, since: int) -> None:
    """She ordered, she is the ledger's contact person, and she writes to support now and then."""
    if since < 700:
        stage.signs_up(
            person, ORDER_FORM, since + 4, company=company.name, phone=written(stage, person.phone)
        )
    stage.contact(customer, person, since, phoneNumberMobile=written(stage, person.phone))
    if stage.random.random() < 0.75:
        _asks_support(stage, person, company, since, stage.random.choice(QUESTIONS))


def _is_a_colleague(stage: Stage, person: Person, company: Company, since: int) -> None:
    """He uses the system: he took a course, asked support, or both."""
    takes_course = stage.random.random() < 0.6
    if takes_course:
        course = stage.random.choice((BASIC_COURSE, ADVANCED_COURSE, WEBINAR))
        stage.signs_up(
            person,
            course,
            stage.random.randrange(2, min(since, 500)),
            company=stage.random.choice((company.name, company.name.removesuffix(f" {company.form}"), "")),
            phone=written(stage, person.phone),
            status=stage.random.choice(("registered", "confirmed")),
        )
    if not takes_course or stage.random.random() < 0.5:
        _asks_support(stage, person, company, since, stage.random.choice(QUESTIONS))


def _asks_support(
    stage: Stage, person: Person, company: Company, since: int, question: tuple[str, str, int]
) -> None:
    subject, body, mailbox = question
    days = stage.random.randrange(1, since)
    customer_id = stage.known_to_support(
        person,
        days,
        company=stage.random.choice((company.name, "")),
        phones=stage.random.choice(([], [written(stage, person.phone)])),
    )
    stage.at_support.append(customer_id)
    closed = days > 6
    stage.writes(
        customer_id, days, subject, f"{body}\n\nHilsen {person.name}", closed=closed, mailbox=mailbox
    )


def _lead(stage: Stage, name: tuple[str, str], *, named: bool) -> None:
    """Somebody who asked for a sample solution and has not ordered."""
    person = private_person(*name, stage.numbers.phone())
    company = f"{stage.random.choice(LAST_NAMES)} Arrangement" if named else ""
    stage.signs_up(person, SAMPLE_SOLUTION, stage.random.randrange(1, 300), company=company)
    if stage.random.random() < 0.4:
        stage.at_support.append(stage.known_to_support(person, stage.random.randrange(1, 200)))


def _twins(stage: Stage, first: str, last: str) -> None:
    """One person twice at Help Scout, whom support will merge on the first day."""
    phone = stage.numbers.phone()
    home = private_person(first, last, phone)
    work = Person(first, last, f"{home.email.partition('@')[0]}@kontor.example.no", phone)
    stage.twins = (stage.known_to_support(work, 3), stage.known_to_support(home, 90))


QUESTIONS: tuple[tuple[str, str, int], ...] = (
    ("Hvordan lager jeg en rabattkode?", "Hei, vi vil gi medlemmene 20 prosent.", SUPPORT),
    ("Feil beløp på fakturaen", "Hei, vi ble fakturert to ganger i år.", INVOICING),
    ("Venteliste", "Kan de som står på venteliste få plass automatisk?", SUPPORT),
    ("Eksport til regneark", "Kolonnene blir feil når jeg åpner fila.", SUPPORT),
    ("Ny bruker", "Kan dere gi en kollega tilgang?", SUPPORT),
    ("Purring", "Vi har fått en purring på noe som er betalt.", INVOICING),
    ("Navneskilt", "Hvordan skriver jeg ut navneskilt?", SUPPORT),
)
"""Subject, body and inbox of inquiries."""

FIRST_NAMES = """
Amalie Anders Anita Arne Astrid Bente Bjørg Camilla Dag Eivind Elin Ellen Emil Espen Frode Grete Gunnar Hanne
Hege Helge Henrik Hilde Ida Jonas Julie Jørgen Kari Kjersti Kjetil Knut Kristin Lars Lene Linn Magnus Maren
Marius Morten Nina Nora Ole Pål Ragnar Randi Sigrid Sindre Siri Sondre Stine Tore Trond Tuva Vegard
Øystein Åse
""".split()
LAST_NAMES = """
Aasen Amundsen Andersen Bakken Berg Berge Brekke Bråthen Dahl Dalen Edvardsen Ellingsen Engen Evensen Fossum
Fredriksen Gundersen Hagen Haugen Henriksen Hovland Isaksen Jakobsen Johannessen Jørgensen Karlsen
Kristoffersen Larsen Lunde Mathisen Myklebust Nilsen Nygård Olsen Pettersen Røed Simonsen Skoglund Solheim
Sørensen Tangen Tveit Ulvestad Vold Ødegaard Østby
""".split()
STREETS = ("Bryggegata", "Fjordveien", "Kirkegata", "Skolegata", "Sentrumsgata", "Torggata", "Åsveien")
COMPANIES = """
Aurora Aktiviteter AS       | AS   | aurora         | 9008 | TROMSØ       | 93.299 | Fritidsaktiviteter
Bakketopp Skisenter AS      | AS   | bakketopp      | 3580 | GEILO        | 93.110 | Drift av idrettsanlegg
Blåtur Reiser AS            | AS   | blatur         | 5003 | BERGEN       | 79.120 | Turoperatørvirksomhet
Bryggen Kurssenter AS       | AS   | bryggenkurs    | 5003 | BERGEN       | 85.599 | Annen undervisning
Dalføret Musikkråd          | FLI  | dalforet       | 2618 | LILLEHAMMER  | 94.991 | Kulturorganisasjoner
Eventyrskogen Leir          | FLI  | eventyrskogen  | 2380 | BRUMUNDDAL   | 94.992 | Barneorganisasjoner
Fagforum Bygg               | FLI  | fagforumbygg   | 0184 | OSLO         | 94.110 | Næringsorganisasjoner
Fergeleiet Konferanse AS    | AS   | fergeleiet     | 6413 | MOLDE        | 68.209 | Utleie av lokaler
Fjelltoppen Fagskole AS     | AS   | fjelltoppen    | 2900 | FAGERNES     | 85.420 | Fagskoleundervisning
Folkeparken Festival        | FLI  | folkeparken    | 4612 | KRISTIANSAND | 90.012 | Utøvende kunstnere
Fyrlyset Kursgård AS        | AS   | fyrlyset       | 4816 | KOLBJØRNSVIK | 85.599 | Annen undervisning
Grenseløs Debatt            | FLI  | grenselos      | 0165 | OSLO         | 94.991 | Kulturorganisasjoner
Gullfjellet Løp             | FLI  | gullfjellet    | 5212 | SØFTELAND    | 93.192 | Idrettsarrangementer
Heimdal Håndverkslag SA     | SA   | heimdalhandverk| 7072 | HEIMDAL      | 94.120 | Yrkessammenslutninger
Helgeland Helseforum        | FLI  | helgelandhelse | 8610 | MO I RANA    | 94.120 | Yrkessammenslutninger
Innsjøen Rorklubb           | FLI  | innsjoen       | 2317 | HAMAR        | 93.120 | Idrettslag og -klubber
Jernbyen Industridager AS   | AS   | jernbyen       | 8514 | NARVIK       | 82.300 | Messer og kongresser
Kaldsund Kystlag            | FLI  | kaldsund       | 9950 | VARDØ        | 94.991 | Kulturorganisasjoner
Kompassrosen Ledertrening AS| AS   | kompassrosen   | 0250 | OSLO         | 85.599 | Annen undervisning
Kunnskapsloftet Seminar AS  | AS   | kunnskapsloftet| 7030 | TRONDHEIM    | 82.300 | Messer og kongresser
Lindelia Psykologforum      | FLI  | lindelia       | 3111 | TØNSBERG     | 94.120 | Yrkessammenslutninger
Lysning Kirkemusikk         | FLI  | lysning        | 3015 | DRAMMEN      | 94.910 | Religiøse organisasjoner
Midnattssol Maraton AS      | AS   | midnattssol    | 8370 | LEKNES       | 93.192 | Idrettsarrangementer
Moltemyra Matfestival       | FLI  | moltemyra      | 9845 | TANA         | 82.300 | Messer og kongresser
Nabohjelpa Frivilligsentral | FLI  | nabohjelpa     | 1440 | DRØBAK       | 88.994 | Frivillighetssentraler
Nordre Fylkesting           | FYLK | nordrefylket   | 8003 | BODØ         | 84.110 | Offentlig administrasjon
Omtanke Pårørendeforening   | FLI  | omtanke        | 4014 | STAVANGER    | 94.999 | Medlemsorganisasjoner
Rorbua Kokkekurs AS         | AS   | rorbua         | 8300 | SVOLVÆR      | 85.520 | Undervisning i kunst
Rådhuskvartalet Kino AS     | AS   | radhuskino     | 1707 | SARPSBORG    | 59.140 | Filmframvisning
Sagbruket Scene SA          | SA   | sagbruket      | 2212 | KONGSVINGER  | 90.040 | Lokaler for scenekunst
Silkeveien Danseskole AS    | AS   | silkeveien     | 0661 | OSLO         | 85.520 | Undervisning i kunst
Sjøbris Dykkerkurs AS       | AS   | sjobris        | 4790 | LILLESAND    | 85.510 | Undervisning i idrett
Storvilt Jegerforening      | FLI  | storvilt       | 2500 | TYNSET       | 94.999 | Medlemsorganisasjoner
Turglede Barnevandring      | FLI  | turglede       | 6800 | FØRDE        | 93.120 | Idrettslag og -klubber
Vannkanten Vertshus AS      | AS   | vannkanten     | 3251 | LARVIK       | 56.110 | Restaurantdrift
"""
