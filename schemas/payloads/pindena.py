"""What is read from Pindena's own registration system (clauses S2 and S4): who signed up for what.

Own courses and own forms only; participants of customers' events are processor data (clause S5).
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from schemas.categories import BEHAVIOR, EMAIL, EMPLOYER, ID, NAME, PHONE
from schemas.payloads.base import Payload, System
from schemas.payloads.types import Flag, Id, Text


class _Participant(Payload):
    system: ClassVar[System] = "pindena"
    not_read: ClassVar[frozenset[str]] = frozenset("Paid Attended Passed Count".split())

    id: Annotated[Id, ID] = Field(validation_alias="RegistrationPersonStructID", description="Participant id")
    activity_id: Annotated[Id, BEHAVIOR] = Field(
        validation_alias="RegistrationID", description="Own course or form"
    )
    is_active: Annotated[Flag, BEHAVIOR] = Field(
        None, validation_alias="Active", description="The sign-up stands"
    )
    first_name: Annotated[Text, NAME] = Field(None, validation_alias="FirstName")
    last_name: Annotated[Text, NAME] = Field(None, validation_alias="LastName")
    email: Annotated[Text, EMAIL] = Field(None, validation_alias="Email")
    phone: Annotated[Text, PHONE] = Field(None, validation_alias="Phone")
    company_name: Annotated[Text, EMPLOYER] = Field(
        None, validation_alias="CompanyName", description="Company as it was written"
    )
    status: Annotated[Text, BEHAVIOR] = Field(
        None, validation_alias="Status", description="registered, confirmed, …"
    )


class CourseSignup(_Participant):
    """A sign-up for an own course (clause S4). One row per participant id."""

    source: ClassVar[str] = "course_signup"


class OrderForm(_Participant):
    """A sample-solution or order form (clause S2). One row per participant id."""

    source: ClassVar[str] = "order_form"
