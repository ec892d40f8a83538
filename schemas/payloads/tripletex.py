"""What is read from Tripletex (clauses S2 and S6): customers, their contact persons, and what they owe."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import AliasPath, BeforeValidator, Field

from schemas.categories import ADDRESS, EMAIL, FINANCIAL, ID, NAME, OPERATIONS, PHONE, PUBLIC
from schemas.payloads.base import Payload
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


# Parts of the ledger's objects that no clause covers; asked for by nobody, so they should never arrive.
_LINKS = frozenset({"url", "displayName"})


class TripletexCustomer(Payload):
    """A customer in the ledger, company or private. One row per Tripletex customer id."""

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
