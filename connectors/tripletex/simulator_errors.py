"""The error bodies of the Tripletex API, in the token owner's language.

Knows shapes, codes and wording; nothing of records.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

Language = Literal["no", "en"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One entry of `validationMessages`; `text` is a key of the catalogue below or a plain text."""

    field: str | None
    text: str
    path: str | None = None
    root_id: int | None = None


@dataclass(eq=False)
class ApiFailure(Exception):
    """A refusal: HTTP status, Tripletex code, and what to say."""

    status: int
    code: int
    message: str | None = None
    developer_message: str | None = None
    problems: tuple[Problem, ...] | None = field(default=None)

    def body(self, language: Language, request_id: str, *, reverse: bool = False) -> dict[str, Any]:
        """The error as JSON values; `reverse` turns the order of the validation messages."""
        problems = self.problems
        if problems is not None and reverse:
            problems = problems[::-1]
        return {
            "status": self.status,
            "code": self.code,
            "message": say(self.message, language),
            "link": "https://tripletex.no/v2-docs/",
            "developerMessage": self.developer_message,
            "validationMessages": None
            if problems is None
            else [
                {
                    "field": problem.field,
                    "message": say(problem.text, language),
                    "path": problem.path,
                    "rootId": problem.root_id,
                }
                for problem in problems
            ],
            "requestId": request_id,
        }


def unauthorized() -> ApiFailure:
    """No, a wrong or a dead session."""
    text = "Could not log in. Check login info in Authorization header."
    return ApiFailure(401, 3000, "Unauthorized", text)


def forbidden() -> ApiFailure:
    """An entitlement, a package or a beta access is missing."""
    return ApiFailure(403, 9000, "You do not have permission to access this feature.")


def not_found() -> ApiFailure:
    """No such object, or no such path."""
    return ApiFailure(404, 6000, "Object not found")


def wrong_method() -> ApiFailure:
    """A path that is there, but not for this method; the code of the error is not documented."""
    return ApiFailure(405, 4000, "HTTP 405 Method Not Allowed")


def bad_parameter() -> ApiFailure:
    """A query parameter that cannot be read as its type: a 404, although the contract says 422."""
    return ApiFailure(404, 21000, "HTTP 404 Not Found")


def bad_value(problems: Iterable[Problem]) -> ApiFailure:
    """A query parameter that is missing or out of range; the message is English in every language."""
    return ApiFailure(422, 15000, "Validation failed", "VALIDATION_ERROR", tuple(problems))


def bad_id_list(name: str, *, code: int = 12000) -> ApiFailure:
    """A list of ids that holds something else."""
    return ApiFailure(422, code, "Validation failed", "VALIDATION_ERROR", (Problem(name, ID_LIST),))


def mapping_failed(problems: Iterable[Problem]) -> ApiFailure:
    """A body with unknown or mistyped fields."""
    return ApiFailure(422, 16000, "Request mapping failed", "VALIDATION_ERROR", tuple(problems))


def invalid(problems: Iterable[Problem], *, bean: bool = False) -> ApiFailure:
    """A body that breaks a rule; `bean` is the flavour of the generated checks."""
    return ApiFailure(422, 18000, INVALID, None if bean else "VALIDATION_ERROR", tuple(problems))


def stale_revision() -> ApiFailure:
    """The version sent is not the present one."""
    return ApiFailure(409, 8000, "Revision Exception", "The object has been changed since it was read.")


def new_request_id() -> str:
    """A request id, as in the header of every answer."""
    return str(uuid.uuid4())


def say(text: str | None, language: Language) -> str | None:
    """A text of the catalogue in a language; a text that is not in it stays."""
    return text if text is None or language == "no" else _ENGLISH.get(text, text)


INVALID = "Validering feilet."
NOT_NULL = "Kan ikke være null."
BLANK = "Feltet må fylles ut."
FORMAT = "Ugyldig format."
TYPE = "Verdien er ikke av korrekt type for dette feltet."
UNKNOWN_FIELD = "Feltet eksisterer ikke i objektet."
TAKEN = "Nummeret er i bruk."
ID_LIST = "Listen med ID-er må være en kommaseparert liste med positive heltall."
LINE_TEXT = "Det må registreres en beskrivelse eller et produkt."
VAT_CODE = "Ugyldig mva-kode."
CONTACT_NAME = "Fornavn, etternavn eller e-postadresse må angis."
ORG_NUMBER = "Organisasjonsnummeret må bestå av 9 siffer."
EHF_ADDRESS = "Postadresse må angis for kunder som skal motta EHF."
ID_ON_CREATE = "An ID cannot be set when creating a new object"
NO_OBJECT = "Objektet finnes ikke."
CLOSED_ORDER = "Ordren er lukket og kan ikke faktureres."
ONE_ORDER = "En faktura må ha nøyaktig én ordre."
BANK_ACCOUNT = "Faktura kan ikke opprettes før selskapet har registrert et bankkontonummer."
CREDITED = "Fakturaen er allerede kreditert."
UNIT_PRICE_NET = "Enhetspris må være uten mva siden enhetspris på ordre er uten mva."
UNIT_PRICE_GROSS = "Enhetspris må være inkl. mva siden enhetspris på ordre er inkl. mva."
CONSUMER_TOKEN = "The consumer token is invalid or does not exist."  # noqa: S105 (a message)
EMPLOYEE_TOKEN = "The employee token is invalid or does not exist."  # noqa: S105 (a message)


def length(longest: int) -> str:
    """A text that is too long."""
    return f"Feltet har ikke korrekt lengde. Det må være mellom 0 og {longest}."


_ENGLISH = {
    INVALID: "Validation failed.",
    NOT_NULL: "Cannot be null.",
    BLANK: "The field must be filled in.",
    FORMAT: "Invalid format.",
    TYPE: "The value is not of the correct type for this field.",
    UNKNOWN_FIELD: "The field does not exist in the object.",
    TAKEN: "The number is in use.",
    ID_LIST: "The list of IDs must be a comma-separated list of positive integers.",
    LINE_TEXT: "A description or a product must be registered.",
    VAT_CODE: "Invalid VAT code.",
    CONTACT_NAME: "First name, last name or e-mail address must be given.",
    ORG_NUMBER: "The organisation number must have 9 digits.",
    EHF_ADDRESS: "A postal address must be given for customers who receive EHF.",
    NO_OBJECT: "The object does not exist.",
    CLOSED_ORDER: "The order is closed and cannot be invoiced.",
    ONE_ORDER: "An invoice must have exactly one order.",
    BANK_ACCOUNT: "An invoice cannot be made before the company has registered a bank account number.",
    CREDITED: "The invoice has been credited already.",
    UNIT_PRICE_NET: "The unit price must exclude VAT, as the order's does.",
    UNIT_PRICE_GROSS: "The unit price must include VAT, as the order's does.",
} | {length(n): f"Length of field must be between 0 and {n}." for n in (3, 10, 11, 14, 20, 25, 100, 254, 255)}
