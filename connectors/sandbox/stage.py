"""The stage on which the stories play: the four systems, and short ways to put somebody on them.

Times are told as days before the world's birth, 0 being now. Knows the simulators' states, no HTTP.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from connectors.brreg.simulator_state import BrregState, address
from connectors.helpscout.simulator_state import HelpScoutState
from connectors.pindena.simulator_state import PindenaState
from connectors.sandbox.cast import Company, Numbers, Person
from connectors.sandbox.world_file import OSLO, WorldFile
from connectors.simulation.gate import Clock
from connectors.tripletex.simulator_state import Line, TripletexState

HELPSCOUT_APP_ID, HELPSCOUT_APP_SECRET = "sandbox-app", "sandbox-app-secret"
TRIPLETEX_CONSUMER_TOKEN, TRIPLETEX_EMPLOYEE_TOKEN = "sandbox-consumer-token", "sandbox-employee-token"
PINDENA_USERNAME, PINDENA_PASSWORD = "sandbox-api", "sandbox-password"

BASIC_COURSE, ADVANCED_COURSE, WEBINAR = 101, 102, 103
SAMPLE_SOLUTION, ORDER_FORM = 201, 202
COURSES = (BASIC_COURSE, ADVANCED_COURSE, WEBINAR)
ORDERS = (SAMPLE_SOLUTION, ORDER_FORM)

SUPPORT, INVOICING = 401, 402
"""The two inboxes at Help Scout."""
AGENT = 9001

BASIC_LICENSE, PLUS_LICENSE, TEXT_MESSAGES = 84_300_001, 84_300_002, 84_300_003
"""Products in the ledger: what customers subscribe to."""
EURO = 5
"""Tripletex's id of the currency."""

_IDS_OF_A_DAY = 10_000
"""So far apart begin the ids of two days, so that no id is given twice, whatever clients add or remove."""


class WorldClock:
    """The time of the world: that of its past while it is built, the real one afterwards."""

    def __init__(self, live: Clock) -> None:
        self._live = live
        self.stopped_at: datetime | None = None

    def __call__(self) -> datetime:
        """Aware."""
        return self.stopped_at or self._live()


class Stage:
    """The four systems of one world, while it is built and afterwards."""

    def __init__(self, file: WorldFile, live: Clock) -> None:
        self.clock = WorldClock(live)
        self.birth = file.birth
        self.random = Random(file.seed)  # noqa: S311  # an invented world holds no secret
        self.numbers = Numbers()
        self.day = 0
        self.helpscout = HelpScoutState(HELPSCOUT_APP_ID, HELPSCOUT_APP_SECRET, self.clock)
        self.tripletex = TripletexState(TRIPLETEX_CONSUMER_TOKEN, TRIPLETEX_EMPLOYEE_TOKEN, self.clock)
        self.brreg = BrregState(self.clock)
        self.pindena = PindenaState(PINDENA_USERNAME, PINDENA_PASSWORD, self.clock)
        self.companies: list[Company] = []
        """Ordinary customers: what happens to one of them on a day spoils no story."""
        self.at_support: list[int] = []
        """Help Scout customers of whom the same holds."""
        self.twins = (0, 0)
        """Two Help Scout customers who are one: the one to give up, the one to keep."""
        self._last_ids: dict[str, int] = {}

    def begin_day(self, day: int, moment: datetime, seed: int) -> None:
        """From now on everything happens at `moment`, the `day`-th after the birth."""
        self.day, self.clock.stopped_at = day, moment
        self.random = Random(f"{seed}/{day}")  # noqa: S311  # an invented world holds no secret
        self._last_ids.clear()
        self.helpscout.settle_deletions()

    def ago(self, days: int, at: str = "10:00") -> datetime:
        """A time of day (Norwegian) so many days before the birth; 0 days: now."""
        if days == 0:
            return self.clock()
        return datetime.combine(self.date_ago(days), time.fromisoformat(at), OSLO).astimezone(UTC)

    def date_ago(self, days: int) -> date:
        """A Norwegian date so many days before the birth; 0 days: today."""
        if days == 0:
            return self.clock().astimezone(OSLO).date()
        return self.birth - timedelta(days=days)

    def next_id(self, kind: str) -> int:
        """An id of today that nobody else has."""
        self._last_ids[kind] = self._last_ids.get(kind, 0) + 1
        return _FIRST_IDS[kind] + self.day * _IDS_OF_A_DAY + self._last_ids[kind]

    # The register

    def register(self, company: Company, days: int = 3_000, **fields: Any) -> None:
        """Put a company into the register; `fields` are named as in its API, None leaves one out."""
        code, industry = company.industry
        place = address(company.street, postnummer=company.postcode, poststed=company.city)
        told = {
            "forretningsadresse": place,
            "naeringskode1": {"kode": code, "beskrivelse": industry},
            "antallAnsatte": 7,
            **fields,
        }
        self.brreg.add_unit(
            company.number,
            company.official_name,
            form=company.form,
            at=self.ago(days),
            announce=days == 0,
            **{name: value for name, value in told.items() if value is not None},
        )

    # Tripletex

    def customer(self, company: Company, days: int = 700, **fields: Any) -> int:
        """Make a company a customer in the ledger; `fields` are named as in Tripletex's API."""
        post = {"addressLine1": company.street, "postalCode": company.postcode, "city": company.city.title()}
        return self.tripletex.add_customer(
            **{
                "name": company.name,
                "organizationNumber": company.number,
                "email": company.mailbox("post"),
                "invoiceEmail": company.mailbox("faktura"),
                "postalAddress": post,
                "id": self.next_id("tripletex customer"),
                **fields,
            },
            at=self.ago(days),
        )

    def contact(self, customer_id: int, person: Person, days: int = 650, **fields: Any) -> int:
        """Make somebody the contact person of a customer."""
        return self.tripletex.add_contact(
            customer_id,
            person.first,
            person.last,
            at=self.ago(days),
            **{
                "email": person.email,
                "phoneNumberMobile": person.phone,
                "id": self.next_id("tripletex contact"),
                **fields,
            },
        )

    def bill(
        self, customer_id: int, days: int, amount: int, *, text: str = "Lisens", paid: bool = False
    ) -> int:
        """Send an invoice, paid a week later where `paid`; `amount` is in kroner without VAT."""
        line = Line(text, Decimal(1), Decimal(amount))
        day, moment = self.date_ago(days), self.ago(days, "08:15")
        invoice_id = self.tripletex.add_invoice(customer_id, [line], day, at=moment)
        if paid:
            self.tripletex.pay_invoice(invoice_id, at=self.ago(max(1, days - 7), "08:20"))
        return invoice_id

    def subscribes(
        self,
        customer_id: int,
        days: int,
        *lines: tuple[int, int, int],
        months: int = 0,
        **fields: Any,
    ) -> int:
        """Let a customer subscribe and return the order's id; each line is product, how many, price a year.

        Prices are without VAT in the order's currency, kroner unless another is given. `months`: for how
        long, 0 for as long as nobody closes the order. An order of days to come was made five days ago.
        """
        return self.tripletex.add_order(
            customer_id,
            [
                Line(product=product, count=Decimal(count), unit_price=Decimal(price))
                for product, count, price in lines
            ],
            order_date=self.date_ago(days),
            at=self.ago(days if days >= 0 else 5, "08:10"),
            isSubscription=True,
            subscriptionDuration=months,
            subscriptionDurationType="MONTHS",
            subscriptionPeriodsOnInvoice=12,
            subscriptionInvoicingTimeInAdvanceOrArrears="ADVANCE",
            **fields,
        )

    # Help Scout

    def known_to_support(
        self,
        person: Person,
        days: int = 200,
        *,
        company: str = "",
        emails: Sequence[str] | None = None,
        phones: Sequence[str] | None = None,
        **fields: Any,
    ) -> int:
        """Give somebody a customer record at Help Scout and return its id. `company` is free text there."""
        customer_id = self.next_id("helpscout customer")
        given: dict[str, Any] = {"organization": company} if company else {}
        self.helpscout.add_customer(
            customer_id,
            person.first,
            person.last,
            emails=[person.email] if emails is None else emails,
            phones=[person.phone] if phones is None and person.phone else phones or (),
            at=self.ago(days, "09:12"),
            **given,
            **fields,
        )
        return customer_id

    def writes(
        self,
        customer_id: int,
        days: int,
        subject: str,
        body: str,
        *,
        closed: bool = True,
        **fields: Any,
    ) -> int:
        """Let a Help Scout customer write to support; an agent closes it the day after where `closed`."""
        conversation_id = self.next_id("helpscout conversation")
        moment = self.ago(days, "09:12")
        self.helpscout.add_conversation(
            conversation_id,
            customer_id,
            subject,
            **{"mailbox": SUPPORT, "bodies": (body,), "at": moment, **fields},
        )
        if closed:
            self.helpscout.close_conversation(conversation_id, by=AGENT, at=moment + timedelta(hours=5))
        return conversation_id

    # The registration system

    def signs_up(
        self,
        person: Person,
        activity: int,
        days: int = 60,
        *,
        company: str = "",
        **fields: Any,
    ) -> int:
        """Sign somebody up; the participant's id is returned."""
        participant_id = self.next_id("participant")
        self.pindena.add_participant(
            participant_id,
            activity,
            **{
                "first": person.first,
                "last": person.last,
                "email": person.email,
                "phone": person.phone,
                "company": company,
                **fields,
            },
            at=self.ago(days, "13:40"),
        )
        return participant_id


Story = Callable[[Stage], None]

_FIRST_IDS = {
    "helpscout customer": 500_000_000,
    "helpscout conversation": 2_500_000_000,
    "tripletex customer": 110_000_000,
    "tripletex contact": 19_000_000,
    "participant": 4_000_000,
}
