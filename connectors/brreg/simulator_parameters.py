"""Query parameters of the Brreg simulator: read one by one, every complaint noted.

Unknown parameters are ignored. Knows nothing of units.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

DEEPEST = 10_000
"""`(page + 1) * size` may not pass this."""
MOST_NUMBERS = 2_000
"""Organisation numbers in one request, as documented."""

NOT_A_NUMBER = "Organisasjonsnummer må være et nummer med nøyaktig 9 siffer"

Pairs = Sequence[tuple[str, str]]
Problem = dict[str, Any]


class Invalid(Exception):
    """Refused parameters: messages, what they are about, and the offending values."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("invalid parameters")
        self.problems = list(problems)


@dataclass
class Parameters:
    """The query of one request, with every complaint about it."""

    pairs: Pairs
    problems: list[Problem] = field(default_factory=list)

    def one(self, name: str) -> str | None:
        """The first value of a parameter; blank counts as not given."""
        return next((value for key, value in self.pairs if key == name and value != ""), None)

    def many(self, name: str) -> list[str]:
        """All values of a comma-separated or repeated parameter."""
        values = [value for key, value in self.pairs if key == name]
        return [part.strip() for value in values for part in value.split(",") if part.strip()]

    def refuse(self, text: str, name: str, value: str) -> None:
        """Note a complaint."""
        self.problems.append(problem(text, name, value))

    def whole(self, name: str, default: int, least: int) -> int:
        """A whole number of at least `least`."""
        text = self.one(name)
        if text is None:
            return default
        if not re.fullmatch(r"\d{1,12}", text) or int(text) < least:
            self.refuse(f"{name} må være et heltall større enn eller lik {least}", name, text)
            return default
        return int(text)

    def numbers(self) -> frozenset[str] | None:
        """The organisation numbers asked for, None when the parameter is not there."""
        found = self.many("organisasjonsnummer")
        for number in found:
            if not is_number(number):
                self.problems.append(problem(NOT_A_NUMBER, number, number))
        if len(found) > MOST_NUMBERS:
            text = f"Kan ikke søke på flere enn {MOST_NUMBERS} organisasjonsnummer"
            self.refuse(text, "organisasjonsnummer", str(len(found)))
        return frozenset(found) if found else None

    def flag(self, name: str) -> bool | None:
        """True or false."""
        text = self.one(name)
        if text is not None and text.lower() not in ("true", "false"):
            self.refuse(f"{name} må være true eller false", name, text)
            return None
        return None if text is None else text.lower() == "true"

    def day(self, name: str) -> str | None:
        """A `yyyy-MM-dd` date, as the text it is."""
        text = self.one(name)
        if text is None:
            return None
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            try:
                return date.fromisoformat(text).isoformat()
            except ValueError:
                pass
        self.refuse("Dato må være på formatet yyyy-MM-dd", name, text)
        return None

    def moment(self, name: str) -> datetime | None:
        """A time in the one format the feeds take."""
        text = self.one(name)
        if text is None:
            return None
        if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text):
            try:
                return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
            except ValueError:
                pass
        self.refuse("Dato må være på formatet yyyy-MM-dd'T'HH:mm:ss.SSS'Z'", name, text)
        return None

    def page(self) -> tuple[int, int]:
        """`page` and `size`, within the window."""
        page, size = self.whole("page", 0, 0), self.whole("size", 20, 1)
        if (page + 1) * size > DEEPEST:
            self.refuse(f"(page+1)*size kan ikke overskride {DEEPEST}", "page", str(page))
        return page, size

    def check(self) -> None:
        """Raises Invalid when there was any complaint."""
        if self.problems:
            raise Invalid(*self.problems)


def problem(text: str, subject: str, value: str) -> Problem:
    """One entry of `valideringsfeil`."""
    return {"feilmelding": text, "parametere": [subject], "feilaktigVerdi": value}


def is_number(text: str) -> bool:
    """Nine digits; the server does not check the control digit."""
    return bool(re.fullmatch(r"[0-9]{9}", text))
