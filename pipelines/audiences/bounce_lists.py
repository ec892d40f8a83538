"""Reads a mail tool's list of letters that came back: CSV or XLSX, whole or not at all.

Of the refusal's text, which quotes addresses and servers, only its status code is taken.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from pipelines.dropped.sheets import SheetFault, columns_by_title, read_sheet
from pipelines.identity.normalise.emails import email_address
from pipelines.privacy.bounces import Bounce, Kind
from schemas.zone import OSLO

_TITLES: Mapping[str, Sequence[str]] = {
    "email": ("email", "emailaddress", "recipient", "mottaker", "epostadresse", "epost"),
    "when": ("when", "date", "time", "timestamp", "bouncedat", "dato", "datoogtid", "tidspunkt"),
    "kind": ("kind", "bouncetype", "bouncekind", "type"),
    "code": (
        "code",
        "reasoncode",
        "statuscode",
        "errorcode",
        "status",
        "reason",
        "årsak",
        "feilkode",
        "kode",
    ),
}
_REQUIRED = {
    "email": ("the e-mail address", "E-post"),
    "when": ("the time", "Dato"),
    "kind": ("the kind", "Type: hard, soft"),
}
"""Columns that a list must have: what each means, and a title that is known."""
_HARD = frozenset("hard hardbounce permanent permanentfailure permanentfeil".split())
_SOFT = frozenset("soft softbounce transient temporary temporaryfailure midlertidig midlertidigfeil".split())
# An enhanced status code (RFC 3463), else a reply code (RFC 5321).
_CODES = (
    re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])"),
    re.compile(r"(?<![\d.])([45]\d\d)(?![\d.])"),
)
_FORMATS = ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y")
_SERIAL = re.compile(r"[2-9]\d{4}(?:\.\d+)?")
_EPOCH = datetime(1899, 12, 30, tzinfo=OSLO)
"""Day 0 of a spreadsheet's calendar."""
_AHEAD = timedelta(days=1)
"""So far the mail tool's clock may be off."""


def read_bounces(content: bytes, now: datetime) -> list[Bounce]:
    """The bounces in a file. Raises SheetFault; then nothing of it is used.

    Times without a zone are Norwegian; numbers are a spreadsheet's days. `now` is aware.
    """
    rows = read_sheet(content)
    columns = columns_by_title(next(rows)[1], _TITLES)
    for name, (meaning, example) in _REQUIRED.items():
        if name not in columns:
            raise SheetFault(f"there is no column for {meaning} ({example})")
    found = []
    for number, cells in rows:
        given = {name: cells[place].strip() for name, place in columns.items()}
        address = email_address(given["email"])
        if address is None:
            raise SheetFault(f"row {number}: there is no e-mail address")
        kind = _kind(given["kind"])
        if kind is None:
            raise SheetFault(f"row {number}: the bounce is neither hard nor soft")
        moment = _moment(given["when"])
        if moment is None or moment > now + _AHEAD:
            raise SheetFault(f"row {number}: the time is none (2026-05-04 13:30), or lies ahead")
        found.append(Bounce(address, moment, kind, _code(given.get("code", ""))))
    if not found:
        raise SheetFault("the file holds no bounce")
    return found


def _kind(text: str) -> Kind | None:
    word = re.sub(r"[^a-z]", "", text.casefold())
    if word in _HARD:
        return "hard"
    return "soft" if word in _SOFT else None


def _moment(text: str) -> datetime | None:
    """A time as lists write it, in UTC. Day and month in an order that cannot be told are none."""
    if _SERIAL.fullmatch(text):
        # Added to the clock on the wall, as the spreadsheet means it.
        return (_EPOCH + timedelta(seconds=round(float(text) * 86_400))).astimezone(UTC)
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=OSLO)).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    for form in _FORMATS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=OSLO).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None


def _code(text: str) -> str | None:
    """The status code in a reason; None where there is none."""
    return next((match[1] for code in _CODES if (match := code.search(text))), None)
