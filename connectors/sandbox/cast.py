"""Who lives in the sandbox's world: invented companies and people, and their numbers and addresses.

Organisation numbers begin with 3 and pass mod 11, mail lies under example.no, telephone numbers under 219 9,
which is not in use.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from anyascii import anyascii
from stdnum.no import fodselsnummer, orgnr


@dataclass(frozen=True, slots=True)
class Company:
    """An organisation. `domain` is where its people's mail lies."""

    name: str
    number: str
    domain: str
    form: str = "AS"
    street: str = "Storgata 1"
    postcode: str = "0155"
    city: str = "OSLO"
    industry: tuple[str, str] = ("85.599", "Annen undervisning ikke nevnt annet sted")

    @property
    def official_name(self) -> str:
        """As the register writes it."""
        return self.name.upper()

    def mailbox(self, local: str) -> str:
        """An address at the company: `faktura@…`."""
        return f"{local}@{self.domain}"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with one address and one telephone number."""

    first: str
    last: str
    email: str
    phone: str

    @property
    def name(self) -> str:
        """Full name."""
        return f"{self.first} {self.last}"


class Numbers:
    """Deals out organisation numbers and telephone numbers, each once, always in the same order."""

    def __init__(self) -> None:
        self._organizations = _organization_numbers()
        self._phone = 21_990_100

    def organization(self) -> str:
        """The next organisation number."""
        return next(self._organizations)

    def phone(self) -> str:
        """The next telephone number, eight digits."""
        self._phone += 1
        return str(self._phone)


def employee(first: str, last: str, company: Company, phone: str) -> Person:
    """Somebody with an address at their company: `kari.nordmann@…`."""
    return Person(first, last, company.mailbox(local_part(first, last)), phone)


def private_person(first: str, last: str, phone: str) -> Person:
    """Somebody who writes from home."""
    return Person(first, last, f"{local_part(first, last)}@privat.example.no", phone)


def local_part(first: str, last: str) -> str:
    """A name as it is written in an address: `bjoern.oedegaard` loses its Norwegian letters."""
    return ascii_name(f"{first}.{last}")


def ascii_name(text: str) -> str:
    """Lower case, without Norwegian letters and blanks."""
    folded = text.lower().replace("ø", "o").replace("å", "a").replace("æ", "ae").replace(" ", "")
    return anyascii(folded)


def synthetic_identity_number(born: date, serial: int) -> str:
    """A national identity number of a test person: 80 added to the month, and valid check digits."""
    for number in range(serial, 500):
        nine = f"{born.day:02d}{born.month + 80:02d}{born.year % 100:02d}{number:03d}"
        first = fodselsnummer.calc_check_digit1(nine)
        second = fodselsnummer.calc_check_digit2(nine + first)
        if len(first) == len(second) == 1:
            return f"{nine}{first}{second}"
    raise ValueError("no serial number gives a valid pair of check digits")


def _organization_numbers() -> Iterator[str]:
    for stem in range(31_204_001, 39_999_999, 7):
        for digit in range(10):
            if orgnr.is_valid(f"{stem}{digit}"):
                yield f"{stem}{digit}"
