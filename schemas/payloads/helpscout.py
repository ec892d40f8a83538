"""What is read from Help Scout (clause S1): who wrote, and that they wrote; never what they wrote."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import AliasPath, BeforeValidator, Field

from schemas.categories import BEHAVIOR, EMAIL, EMPLOYER, ID, NAME, OPERATIONS, PHONE, PUBLIC
from schemas.payloads.base import Payload, System
from schemas.payloads.types import Id, OptionalId, Text, Texts, Time

NUMBER_PROPERTIES = frozenset({"orgnr", "org-nr", "org_nr", "organisasjonsnummer", "organization-number"})
"""Slugs of the customer property that holds an organisation number."""


def _number_property(value: object) -> object:
    """The organisation number among a customer's properties, or None."""
    if not isinstance(value, list):
        return None
    for item in value:
        if isinstance(item, dict) and str(item.get("slug", "")).casefold() in NUMBER_PROPERTIES:
            return item.get("value")
    return None


class HelpScoutCustomer(Payload):
    """A person, or a mailbox, that has written to support. One row per Help Scout customer id."""

    system: ClassVar[System] = "helpscout"
    source: ClassVar[str] = "helpscout_customer"
    version: ClassVar[str | None] = "source_changed_at"
    # Photo, age, gender, location, job title and social profiles may be third-party enrichment; the
    # background is free text about a person. Neither is covered by clause S1.
    not_read: ClassVar[frozenset[str]] = frozenset(
        "gender jobTitle location photoType photoUrl age conversationCount background draft _links".split()
    )

    id: Annotated[Id, ID]
    first_name: Annotated[Text, NAME] = Field(None, validation_alias="firstName")
    last_name: Annotated[Text, NAME] = Field(None, validation_alias="lastName")
    organization: Annotated[Text, EMPLOYER] = Field(None, description="Company as free text")
    organization_id: Annotated[OptionalId, ID] = Field(
        None, validation_alias="organizationId", description="Help Scout organisation"
    )
    organization_number: Annotated[Text, BeforeValidator(_number_property), PUBLIC] = Field(
        None,
        validation_alias=AliasPath("_embedded", "properties"),
        description="Organisation number among the customer's properties",
    )
    emails: Annotated[Texts, EMAIL] = Field(
        default_factory=list, validation_alias=AliasPath("_embedded", "emails")
    )
    phones: Annotated[Texts, PHONE] = Field(
        default_factory=list, validation_alias=AliasPath("_embedded", "phones")
    )
    created_at: Annotated[Time, BEHAVIOR] = Field(None, validation_alias="createdAt")
    source_changed_at: Annotated[Time, BEHAVIOR] = Field(
        None, validation_alias="updatedAt", description="When Help Scout last changed the record"
    )


class HelpScoutConversation(Payload):
    """That there was an inquiry, when and by whom. One row per conversation; no subject, no body."""

    system: ClassVar[System] = "helpscout"
    source: ClassVar[str] = "helpscout_conversation"
    version: ClassVar[str | None] = None
    not_read: ClassVar[frozenset[str]] = frozenset(
        "threads folderId state subject preview assignee createdBy closedBy closedByUser source cc bcc "
        "snooze nextEvent customFields customerWaitingSince _embedded _links".split()
    )

    id: Annotated[Id, ID]
    number: Annotated[OptionalId, OPERATIONS] = Field(None, description="Number shown in Help Scout")
    status: Annotated[Text, BEHAVIOR] = Field(None, description="active, pending, closed or spam")
    type: Annotated[Text, BEHAVIOR] = Field(None, description="email, phone or chat")
    mailbox_id: Annotated[OptionalId, OPERATIONS] = Field(None, validation_alias="mailboxId")
    customer_id: Annotated[OptionalId, ID] = Field(
        None, validation_alias=AliasPath("primaryCustomer", "id"), description="Help Scout customer"
    )
    tags: Annotated[Texts, BEHAVIOR] = Field(default_factory=list)
    created_at: Annotated[Time, BEHAVIOR] = Field(None, validation_alias="createdAt")
    closed_at: Annotated[Time, BEHAVIOR] = Field(None, validation_alias="closedAt")
    source_changed_at: Annotated[Time, BEHAVIOR] = Field(
        None, validation_alias="userUpdatedAt", description="When a user last changed it"
    )


class HelpScoutMailbox(Payload):
    """A support inbox of the company's own. One row per mailbox."""

    system: ClassVar[System] = "helpscout"
    source: ClassVar[str] = "helpscout_mailbox"
    not_read: ClassVar[frozenset[str]] = frozenset("slug email createdAt updatedAt _links".split())

    id: Annotated[Id, OPERATIONS]
    name: Annotated[Text, OPERATIONS] = None
