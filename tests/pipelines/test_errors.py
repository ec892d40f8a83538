"""Errors lose what they quote at one boundary; those that promise a safe message keep it."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from connectors.errors import TransientError
from pipelines.errors import CleanedError, InterruptedStoreError, StoreError, nothing_personal
from pipelines.privacy.rewrite import RewriteError
from schemas.errors import SafeError
from schemas.tables import crm

ROOT = Path(__file__).parents[2]
PERSONAL = "tuva.lunde@kunde.example.no"
CAUGHT_WHERE_THEY_ARISE = {"SheetFault", "Fault"}
"""Faults of a file or a field, which become a count and a reason in the same package."""


def statement(engine: sa.Engine, *statements: str) -> None:
    with nothing_personal(), engine.begin() as connection:
        for one in statements:
            connection.exec_driver_sql(one)


def test_an_error_of_the_database_names_table_and_constraint_and_no_value(crm_engine: sa.Engine) -> None:
    insert = (
        f"INSERT INTO {crm.person_email.fullname} (person_id, email, is_primary, is_role_address, source,"
        f" source_id) VALUES ('00000000-0000-0000-0000-000000000001', '{PERSONAL}', true, false, 'x', '1')"
    )
    with pytest.raises(StoreError) as caught:
        statement(crm_engine, insert, insert)
    assert str(caught.value) == "UniqueViolation on crm.person_email (pk_person_email)"
    assert not isinstance(caught.value, InterruptedStoreError)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_connection_that_breaks_is_told_apart_since_it_may_succeed_later() -> None:
    with pytest.raises(InterruptedStoreError, match=r"^AdminShutdown$"), nothing_personal():
        raise psycopg.errors.AdminShutdown(f"while writing {PERSONAL}")


def test_an_unexpected_error_keeps_its_kind_and_its_place_only() -> None:
    with pytest.raises(CleanedError) as caught, nothing_personal():
        raise KeyError(PERSONAL)
    place = "test_an_unexpected_error_keeps_its_kind_and_its_place_only (test_errors.py:"
    assert str(caught.value).startswith(f"KeyError in {place}")
    assert PERSONAL not in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    "error",
    [
        TransientError("helpscout GET /v2/customers: answered 503"),
        RewriteError("crm.person was not written anew: the role must own it, or be granted MAINTAIN"),
    ],
)
def test_an_error_that_says_what_to_do_says_it_to_people(error: SafeError) -> None:
    with pytest.raises(type(error)) as caught, nothing_personal():
        raise error
    assert caught.value is error


def own_errors() -> Iterator[tuple[str, str]]:
    """(module, name) of the public errors of the project, but for those of simulated systems."""
    for package in ("schemas", "connectors", "pipelines"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if "simulator" in path.name or "sandbox" in path.parts:
                continue
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                bases = [ast.unparse(base) for base in getattr(node, "bases", ())]
                is_error = any(base.endswith(("Error", "Exception")) for base in bases)
                if isinstance(node, ast.ClassDef) and is_error and not node.name.startswith("_"):
                    yield ".".join(path.relative_to(ROOT).with_suffix("").parts), node.name


@pytest.mark.parametrize(
    ("module", "name"), [one for one in own_errors() if one[1] not in CAUGHT_WHERE_THEY_ARISE]
)
def test_every_error_of_our_own_promises_a_safe_message(module: str, name: str) -> None:
    """Or what it says would be lost before anybody reads it."""
    assert issubclass(getattr(importlib.import_module(module), name), SafeError)
