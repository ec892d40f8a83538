"""One company behind the Tripletex simulator: its customers, contacts and people, and its sessions.

Every change goes through a method, so that versions, changes and amounts stay consistent. Fields are
named as in the API. Knows nothing of HTTP.
"""

import base64
import json
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal

from connectors.tripletex.simulator_catalogue import COUNTRIES, CURRENCIES, NORWAY, VAT_TYPES
from connectors.tripletex.simulator_model import entity
from connectors.tripletex.simulator_records import Stored, Values
from connectors.tripletex.simulator_sales import OSLO, RECEIVABLES, Line, Sales

__all__ = ["OSLO", "Line", "Mail", "Session", "Stored", "TripletexState", "encode_token"]

COMPANY_ID = 5_205_177
EMPLOYEE_ID = 18_504_521
BANK, CASH = 33_295_810, 33_295_809
"""Payment types every company has: paid to the bank, paid in cash."""
ADDRESS_FIELDS = ("postalAddress", "physicalAddress", "deliveryAddress")
OWNER = "owner"
"""Customer id kept with an address; the API does not show it."""

_FIRST_IDS: dict[str, int] = {
    "Customer": 108_248_241,
    "customerNumber": 10_001,
    "Contact": 18_610_034,
    "Address": 405_347_888,
    "Order": 402_086_332,
    "OrderLine": 1_607_619_117,
    # Beyond 32 bits, as in the real system.
    "Invoice": 2_147_708_193,
    "Posting": 3_405_991_020,
    "Voucher": 609_120_551,
    "Document": 1_024_388_954,
    "Product": 84_331_902,
    "Employee": EMPLOYEE_ID + 1,
    "CustomerCategory": 26_118_004,
    "Session": 19_015_016,
}
"""Where the ids of each kind begin: of the size they have in the real system."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A message that the real system would have sent to a customer."""

    kind: Literal["invoice", "credit note"]
    invoice_id: int
    send_type: str


@dataclass(frozen=True, slots=True)
class Session:
    """A session token. Dead from midnight in Oslo at the start of `expires`."""

    id: int
    token: str
    expires: date


@dataclass
class TripletexState(Sales):
    """One company in Tripletex. `now` stamps changes; all times are aware."""

    consumer_token: str
    employee_token: str
    now: Callable[[], datetime]
    company_name: str = "Påmelding Eksempel AS"
    language: Literal["no", "en"] = "no"
    """The token owner's language, in which messages are written."""
    tables: dict[str, dict[int, Stored]] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    outbox: list[Mail] = field(default_factory=list)
    """What would have been sent to customers. A reader of the API leaves it empty."""
    revision: int = 0
    """Moves with every change of any record."""
    has_bank_account: bool = True
    """Without one no invoice can be made."""
    exchange_rates: dict[int, Decimal] = field(default_factory=dict)
    """Norwegian kroner for one unit of a currency, by currency id; 1 where none is given."""
    counters: dict[str, int] = field(default_factory=lambda: dict(_FIRST_IDS))

    def __post_init__(self) -> None:
        moment = datetime(2018, 11, 1, 8, 0, tzinfo=UTC)
        for name, records in (("Country", COUNTRIES), ("Currency", CURRENCIES), ("VatType", VAT_TYPES)):
            for record_id, values in records.items():
                self.put(name, record_id, values, at=moment)
        self.put("Company", COMPANY_ID, {"name": self.company_name, "currency": 1}, at=moment)
        self.put(
            "Employee",
            EMPLOYEE_ID,
            {"firstName": "Integrasjon", "lastName": "Kundekort", "companyId": COMPANY_ID},
            at=moment,
        )
        for record_id, description, sequence in ((CASH, "Kontant", 1), (BANK, "Betalt til bank", 2)):
            self.put(
                "PaymentType",
                record_id,
                {
                    "description": description,
                    "displayName": description,
                    "sequence": sequence,
                    "vatType": 0,
                    "currencyId": 1,
                    "currencyCode": "NOK",
                },
                at=moment,
            )

    # Customers

    def add_customer(self, name: str, *, at: datetime | None = None, **fields: Any) -> int:
        """Add a customer and return its id.

        `fields` are named as in the API; `postalAddress`, `physicalAddress` and `deliveryAddress` may
        be given as mappings. `id` and `customerNumber` are assigned unless given.
        """
        moment = at or self.now()
        values: Values = {"name": name, **fields}
        customer_id = values.pop("id", None) or self.next_id("Customer")
        values.setdefault("customerNumber", 0)
        if not values["customerNumber"]:
            values["customerNumber"] = self.next_id("customerNumber")
        for which in ("postalAddress", "physicalAddress"):
            values[which] = self._add_address("Address", customer_id, values.get(which) or {}, moment)
        if isinstance(values.get("deliveryAddress"), Mapping):
            values["deliveryAddress"] = self._add_address(
                "DeliveryAddress", customer_id, values["deliveryAddress"], moment
            )
        values.setdefault("currency", 1)
        values.setdefault("ledgerAccount", RECEIVABLES)
        self.put("Customer", customer_id, values, version=1, at=moment)
        return customer_id

    def change_customer(
        self,
        customer_id: int,
        *,
        at: datetime | None = None,
        fresh: Collection[str] = (),
        **fields: Any,
    ) -> None:
        """Change fields of a customer; an address given as a mapping is changed in place.

        Addresses named in `fresh` give way to new objects. The customer's version and changes move,
        whichever field it was.
        """
        moment = at or self.now()
        stored = self.tables["Customer"][customer_id]
        for which in ADDRESS_FIELDS:
            if isinstance(fields.get(which), Mapping):
                new = which in fresh
                fields[which] = self._write_address(
                    customer_id, stored, which, fields[which], moment, new=new
                )
        self.change("Customer", customer_id, fields, at=moment)

    def change_address(
        self, customer_id: int, which: str = "postalAddress", *, at: datetime | None = None, **fields: Any
    ) -> None:
        """Change an address of a customer, as other users do: the customer's own version stays."""
        moment = at or self.now()
        stored = self.tables["Customer"][customer_id]
        address_id = self._write_address(customer_id, stored, which, fields, moment)
        if stored.values.get(which) != address_id:
            self.change("Customer", customer_id, {which: address_id}, at=moment)

    def delete_customer(self, customer_id: int) -> None:
        """Remove a customer, its addresses and its contacts without a trace."""
        values = self.tables["Customer"][customer_id].values
        for which in ADDRESS_FIELDS:
            if values.get(which):
                self.drop(entity("Customer").fields[which].target, values[which])
        for contact_id in self.referring("Contact", "customer", customer_id):
            self.drop("Contact", contact_id)
        self.drop("Customer", customer_id)

    # Contacts

    def add_contact(
        self,
        customer_id: int | None,
        first: str = "",
        last: str = "",
        *,
        at: datetime | None = None,
        **fields: Any,
    ) -> int:
        """Add a contact person of a customer and return its id."""
        contact_id = fields.pop("id", None) or self.next_id("Contact")
        values: Values = {
            "firstName": first,
            "lastName": last,
            "phoneNumberMobileCountry": NORWAY,
            "customer": customer_id,
            **fields,
        }
        self.put("Contact", contact_id, values, at=at)
        return contact_id

    def change_contact(self, contact_id: int, *, at: datetime | None = None, **fields: Any) -> None:
        """Change fields of a contact person."""
        self.change("Contact", contact_id, fields, at=at)

    def delete_contact(self, contact_id: int) -> None:
        """Remove a contact person without a trace."""
        self.drop("Contact", contact_id)

    # People, categories, rights

    def add_employee(self, first: str, last: str, *, at: datetime | None = None, **fields: Any) -> int:
        """Add an employee (an account manager) and return its id."""
        employee_id = fields.pop("id", None) or self.next_id("Employee")
        values: Values = {"firstName": first, "lastName": last, "companyId": COMPANY_ID, **fields}
        self.put("Employee", employee_id, values, at=at)
        return employee_id

    def add_entitlement(self, entitlement_id: int, name: str, *, at: datetime | None = None) -> int:
        """Give the token owner an entitlement; only the list of entitlements shows it."""
        record_id = self.next_id("Entitlement")
        values = {
            "employee": EMPLOYEE_ID,
            "name": name,
            "entitlementId": entitlement_id,
            "customer": COMPANY_ID,
        }
        self.put("Entitlement", record_id, values, at=at)
        return record_id

    def add_category(self, name: str, number: str = "", *, at: datetime | None = None) -> int:
        """Add a customer category and return its id."""
        category_id = self.next_id("CustomerCategory")
        self.put("CustomerCategory", category_id, {"name": name, "number": number}, at=at)
        return category_id

    # Sessions

    def open_session(self, expires: date) -> Session:
        """Issue a session token that dies when `expires` begins in Oslo."""
        session_id = self.next_id("Session")
        session = Session(session_id, encode_token(session_id), expires)
        self.sessions[session.token] = session
        return session

    def _add_address(self, kind: str, customer_id: int, fields: Mapping[str, Any], moment: datetime) -> int:
        address_id = self.next_id("Address")
        values = {"country": NORWAY, **fields, OWNER: customer_id}
        values.pop("id", None)
        self.put(kind, address_id, values, at=moment)
        return address_id

    def _write_address(
        self,
        customer_id: int,
        stored: Stored,
        which: str,
        fields: Mapping[str, Any],
        moment: datetime,
        *,
        new: bool = False,
    ) -> int:
        kind = entity("Customer").fields[which].target
        address_id: int | None = stored.values.get(which)
        if address_id is not None and new:
            self.drop(kind, address_id)
        if address_id is None or new:
            return self._add_address(kind, customer_id, fields, moment)
        self.change(kind, address_id, fields, at=moment)
        return address_id


def encode_token(token_id: int, *, test: bool = True) -> str:
    """A token as Tripletex makes them: base64 of JSON with a number and a uuid."""
    inner = {"tokenId": token_id, "token": ("test-" if test else "") + str(uuid.uuid4())}
    return base64.b64encode(json.dumps(inner, separators=(",", ":")).encode()).decode()
