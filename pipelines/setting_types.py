"""What the values of variables may be; each ValueError ends the sentence that begins with the variable."""

from __future__ import annotations

import re
from datetime import date, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from connectors.alerts.mail import server_problem
from connectors.urls import url_problem
from schemas.zone import OSLO

MIN_SECRET = 16
MAX_ID_DIGITS = 18


def _url(value: str) -> str:
    problem = url_problem(value)
    if problem:
        raise ValueError(problem)
    return value.rstrip("/")


def _secret_url(value: SecretStr) -> SecretStr:
    _url(value.get_secret_value())
    return value


def _mail_server(value: SecretStr) -> SecretStr:
    problem = server_problem(value.get_secret_value())
    if problem:
        raise ValueError(problem)
    return value


def _addresses(value: object) -> object:
    """Comma-separated e-mail addresses as they stand."""
    if not isinstance(value, str):
        return value
    found = tuple(part.strip() for part in value.split(",") if part.strip())
    if not found or any(not re.fullmatch(r"[^@\s<>,]+@[^@\s<>,]+", one) for one in found):
        raise ValueError("must be e-mail addresses with commas between")
    return found


def _database_url(value: str) -> str:
    try:
        backend = sa.make_url(value).get_backend_name()
    except (sa.exc.ArgumentError, ValueError):
        raise ValueError("is not a database URL (postgresql://user:password@host/database)") from None
    if backend not in ("postgresql", "postgres"):
        raise ValueError("must be a PostgreSQL URL (postgresql://…)")
    return value


def _ids(value: object) -> object:
    """Comma-separated activity ids as a set of numbers."""
    if not isinstance(value, str):
        return value
    parts = [part.strip() for part in value.split(",") if part.strip()]
    if any(not part.isascii() or not part.isdigit() or len(part) > MAX_ID_DIGITS for part in parts):
        raise ValueError("must be activity ids with commas between (12,34)")
    return frozenset(int(part) for part in parts)


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError("is not a time zone (Europe/Oslo)") from None
    return value


def _past(value: date) -> date:
    if value >= datetime.now(OSLO).date():
        raise ValueError("must be a day before today (2025-01-01)")
    return value


def _long_enough(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < MIN_SECRET:
        raise ValueError(f"must have at least {MIN_SECRET} characters")
    return value


def _absolute(value: Path) -> Path:
    return value.expanduser().absolute()


AbsolutePath = Annotated[Path, AfterValidator(_absolute)]
Addresses = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_addresses)]
Count = Annotated[int, Field(ge=0)]
DatabaseUrl = Annotated[str, AfterValidator(_database_url)]
Ids = Annotated[frozenset[int], NoDecode, BeforeValidator(_ids)]
LongSecret = Annotated[SecretStr, AfterValidator(_long_enough)]
MailServer = Annotated[SecretStr, AfterValidator(_mail_server)]
PastDay = Annotated[date, AfterValidator(_past)]
SecretUrl = Annotated[SecretStr, AfterValidator(_secret_url)]
Share = Annotated[float, Field(ge=0, le=1)]
Url = Annotated[str, AfterValidator(_url)]
Zone = Annotated[str, AfterValidator(_zone)]
