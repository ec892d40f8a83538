"""What is read from Tripletex (clauses S2 and S6): customers, contacts, what they owe and subscribe to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import AliasChoices, AliasPath, BeforeValidator, Field, ValidationInfo

from schemas.categories import ADDRESS, EMAIL, FINANCIAL, ID, NAME, OPERATIONS, PHONE, PUBLIC
from schemas.payloads.base import Payload, System
from schemas.payloads.types import Amount, Day, Flag, Id, OptionalId, Text, Time


def _timestamps(value: Any) -> list[Any]:
    if not isinstance(value, list):
        return []
    return [item["timestamp"] for item in value if isinstance(item, dict) and item.get("timestamp")]


def _first_change(value: Any) -> Any:
    """When the object was made: the first entry of its `changes`."""
    stamps = _timestamps(value)
    return stamps[0] if stamps else None


def _last_change(value: Any) -> Any:
    """When the object was last changed: the last entry of its `changes`."""
    stamps = _timestamps(value)
    return stamps[-1] if stamps else None


def _change_that_closed(value: Any, info: ValidationInfo) -> Any:
    """When a closed order was last changed, which is when it was closed or later; None for an open one."""
    return _last_change(value) if info.data.get("is_closed") else None


# Parts of the ledger's objects that no clause covers; asked for by nobody, so they should never arrive.
_LINKS = frozenset({"url", "displayName"})


class TripletexCustomer(Payload):
    """A customer in the ledger, company or private. One row per Tripletex customer id."""

    system: ClassVar[System] = "tripletex"
    source: ClassVar[str] = "tripletex_customer"
    version: ClassVar[str | None] = "version_number"
    not_read: ClassVar[frozenset[str]] = _LINKS

    id: Annotated[Id, ID]
    version_number: Annotated[OptionalId, OPERATIONS] = Field(None, validation_alias="version")
    name: Annotated[Text, NAME] = Field(None, description="Name of the company or private customer")
    customer_number: Annotated[OptionalId, ID] = Field(None, validation_alias="customerNumber")
    organization_number: Annotated[Text, PUBLIC] = Field(None, validation_alias="organizationNumber")
    is_private_individual: Annotated[Flag, OPERATIONS] = Field(None, validation_alias="isPrivateIndividual")
    is_customer: Annotated[Flag, OPERATIONS] = Field(None, validation_alias="isCustomer")
    is_inactive: Annotated[Flag, OPERATIONS] = Field(None, validation_alias="isInactive")
    email: Annotated[Text, EMAIL] = None
    invoice_email: Annotated[Text, EMAIL] = Field(
        None, validation_alias="invoiceEmail", description="Where invoices go; several with ; between"
    )
    phone: Annotated[Text, PHONE] = Field(None, validation_alias="phoneNumber")
    mobile: Annotated[Text, PHONE] = Field(None, validation_alias="phoneNumberMobile")
    website: Annotated[Text, PUBLIC] = None
    postal_address_1: Annotated[Text, ADDRESS] = Field(
        None, validation_alias=AliasPath("postalAddress", "addressLine1")
    )
    postal_address_2: Annotated[Text, ADDRESS] = Field(
        None, validation_alias=AliasPath("postalAddress", "addressLine2")
    )
    postal_code: Annotated[Text, ADDRESS] = Field(
        None, validation_alias=AliasPath("postalAddress", "postalCode")
    )
    postal_city: Annotated[Text, ADDRESS] = Field(None, validation_alias=AliasPath("postalAddress", "city"))
    postal_country: Annotated[Text, ADDRESS] = Field(
        None,
        validation_alias=AliasPath("postalAddress", "country", "isoAlpha2Code"),
        description="Country, ISO 3166 two letters",
    )
    physical_address_1: Annotated[Text, ADDRESS] = Field(
        None, validation_alias=AliasPath("physicalAddress", "addressLine1")
    )
    physical_address_2: Annotated[Text, ADDRESS] = Field(
        None, validation_alias=AliasPath("physicalAddress", "addressLine2")
    )
    physical_code: Annotated[Text, ADDRESS] = Field(
        None, validation_alias=AliasPath("physicalAddress", "postalCode")
    )
    physical_city: Annotated[Text, ADDRESS] = Field(
        None, validation_alias=AliasPath("physicalAddress", "city")
    )
    physical_country: Annotated[Text, ADDRESS] = Field(
        None,
        validation_alias=AliasPath("physicalAddress", "country", "isoAlpha2Code"),
        description="Country, ISO 3166 two letters",
    )
    created_at: Annotated[Time, BeforeValidator(_first_change), OPERATIONS] = Field(
        None, validation_alias="changes", description="When the customer was made"
    )
    source_changed_at: Annotated[Time, BeforeValidator(_last_change), OPERATIONS] = Field(
        None, validation_alias="changes", description="When the customer was last changed"
    )


class TripletexContact(Payload):
    """A contact person of a customer. One row per Tripletex contact id."""

    system: ClassVar[System] = "tripletex"
    source: ClassVar[str] = "tripletex_contact"
    version: ClassVar[str | None] = "version_number"
    not_read: ClassVar[frozenset[str]] = _LINKS

    id: Annotated[Id, ID]
    version_number: Annotated[OptionalId, OPERATIONS] = Field(None, validation_alias="version")
    first_name: Annotated[Text, NAME] = Field(None, validation_alias="firstName")
    last_name: Annotated[Text, NAME] = Field(None, validation_alias="lastName")
    email: Annotated[Text, EMAIL] = None
    mobile: Annotated[Text, PHONE] = Field(None, validation_alias="phoneNumberMobile")
    work_phone: Annotated[Text, PHONE] = Field(None, validation_alias="phoneNumberWork")
    customer_id: Annotated[OptionalId, ID] = Field(
        None, validation_alias=AliasPath("customer", "id"), description="Tripletex customer"
    )
    is_inactive: Annotated[Flag, OPERATIONS] = Field(None, validation_alias="isInactive")
    created_at: Annotated[Time, BeforeValidator(_first_change), OPERATIONS] = Field(
        None, validation_alias="changes", description="When the contact was made"
    )
    source_changed_at: Annotated[Time, BeforeValidator(_last_change), OPERATIONS] = Field(
        None, validation_alias="changes", description="When the contact was last changed"
    )


class TripletexInvoice(Payload):
    """A charged invoice or a credit note. One row per Tripletex invoice id."""

    system: ClassVar[System] = "tripletex"
    source: ClassVar[str] = "tripletex_invoice"
    # A payment changes what is outstanding without a new version, so versions do not order invoices.
    not_read: ClassVar[frozenset[str]] = _LINKS | {"version"}

    id: Annotated[Id, ID]
    invoice_number: Annotated[OptionalId, FINANCIAL] = Field(None, validation_alias="invoiceNumber")
    invoice_date: Annotated[Day, FINANCIAL] = Field(None, validation_alias="invoiceDate")
    due_date: Annotated[Day, FINANCIAL] = Field(None, validation_alias="invoiceDueDate")
    customer_id: Annotated[OptionalId, ID] = Field(
        None, validation_alias=AliasPath("customer", "id"), description="Tripletex customer"
    )
    amount: Annotated[Amount, FINANCIAL] = Field(None, description="With VAT, in the company's currency")
    amount_excluding_vat: Annotated[Amount, FINANCIAL] = Field(
        None, validation_alias="amountExcludingVat", description="Without VAT, in the company's currency"
    )
    amount_outstanding: Annotated[Amount, FINANCIAL] = Field(
        None, validation_alias="amountOutstanding", description="What is not yet paid"
    )
    amount_currency_outstanding: Annotated[Amount, FINANCIAL] = Field(
        None,
        validation_alias="amountCurrencyOutstanding",
        description="What is not yet paid, in the invoice's currency",
    )
    amount_currency: Annotated[Amount, FINANCIAL] = Field(
        None, validation_alias="amountCurrency", description="With VAT, in the invoice's currency"
    )
    currency: Annotated[Text, FINANCIAL] = Field(
        None, validation_alias=AliasPath("currency", "code"), description="ISO 4217"
    )
    is_credit_note: Annotated[Flag, FINANCIAL] = Field(None, validation_alias="isCreditNote")
    is_credited: Annotated[Flag, FINANCIAL] = Field(None, validation_alias="isCredited")
    credited_invoice_id: Annotated[OptionalId, ID] = Field(
        None, validation_alias="creditedInvoice", description="The invoice that this one credits"
    )


class TripletexSubscription(Payload):
    """What a customer subscribes to: a line of a recurring order. One row per order line id.

    The API has lines within their order; a record is the order with one line in the place of its lines.
    Texts of orders and lines are left out: they name course participants.
    """

    system: ClassVar[System] = "tripletex"
    source: ClassVar[str] = "tripletex_subscription"
    # A change of the order leaves the line's version alone, so versions do not order these rows.
    not_read: ClassVar[frozenset[str]] = _LINKS | {"version"}

    id: Annotated[Id, ID] = Field(validation_alias=AliasPath("orderLines", "id"), description="Order line")
    order_id: Annotated[Id, ID] = Field(validation_alias="id", description="The recurring order")
    order_number: Annotated[Text, FINANCIAL] = Field(None, validation_alias="number")
    customer_id: Annotated[OptionalId, ID] = Field(
        None, validation_alias=AliasPath("customer", "id"), description="Tripletex customer"
    )
    order_date: Annotated[Day, FINANCIAL] = Field(
        None, validation_alias="orderDate", description="Day the subscription runs from"
    )
    is_closed: Annotated[Flag, FINANCIAL] = Field(
        None, validation_alias="isClosed", description="The order can no longer be invoiced"
    )
    closed_at: Annotated[Time, BeforeValidator(_change_that_closed), FINANCIAL] = Field(
        None, validation_alias="changes", description="Last change of a closed order; null for an open one"
    )
    is_subscription: Annotated[Flag, FINANCIAL] = Field(
        None, validation_alias="isSubscription", description="The order recurs"
    )
    duration: Annotated[OptionalId, FINANCIAL] = Field(
        None,
        validation_alias="subscriptionDuration",
        description="How long the subscription shall run, in duration_unit; null: without an end",
    )
    duration_unit: Annotated[Text, FINANCIAL] = Field(
        None, validation_alias="subscriptionDurationType", description="MONTHS or YEAR"
    )
    periods_on_invoice: Annotated[OptionalId, FINANCIAL] = Field(
        None, validation_alias="subscriptionPeriodsOnInvoice", description="Periods that one invoice bills"
    )
    period_unit: Annotated[Text, FINANCIAL] = Field(
        None, validation_alias="subscriptionPeriodsOnInvoiceType", description="MONTHS"
    )
    line_is_subscription: Annotated[Flag, FINANCIAL] = Field(
        None, validation_alias=AliasPath("orderLines", "isSubscription"), description="The line itself recurs"
    )
    product_id: Annotated[OptionalId, FINANCIAL] = Field(
        None, validation_alias=AliasPath("orderLines", "product", "id"), description="Tripletex product"
    )
    product_number: Annotated[Text, FINANCIAL] = Field(
        None, validation_alias=AliasPath("orderLines", "product", "number")
    )
    product_name: Annotated[Text, FINANCIAL] = Field(
        None, validation_alias=AliasPath("orderLines", "product", "name")
    )
    quantity: Annotated[Amount, FINANCIAL] = Field(None, validation_alias=AliasPath("orderLines", "count"))
    unit_price: Annotated[Amount, FINANCIAL] = Field(
        None,
        validation_alias=AliasPath("orderLines", "unitPriceExcludingVatCurrency"),
        description="For one, without VAT, in the order's currency",
    )
    discount: Annotated[Amount, FINANCIAL] = Field(
        None, validation_alias=AliasPath("orderLines", "discount"), description="Discount in percent"
    )
    currency: Annotated[Text, FINANCIAL] = Field(
        None,
        validation_alias=AliasChoices(
            AliasPath("currency", "code"), AliasPath("orderLines", "currency", "code")
        ),
        description="Currency of the order, ISO 4217",
    )

    @classmethod
    def key_of(cls, record: Mapping[str, Any]) -> object:
        """The raw id of the line."""
        line = record.get("orderLines")
        return line.get("id") if isinstance(line, Mapping) else None
