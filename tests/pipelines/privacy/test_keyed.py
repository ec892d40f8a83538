"""Keyed hashes in bulk: the same bytes as the standard library's, and the same answers as one by one."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from pipelines.privacy.keyed import Noted, digest_under
from pipelines.privacy.keys import email_keys
from pipelines.privacy.subjects.rights import count_objections, noted_objections, object_to_marketing
from pipelines.privacy.suppression import Suppression, SuppressionError

OLD, NEW = b"o" * 32, b"n" * 32
NOW = datetime(2026, 5, 4, 1, 30, tzinfo=UTC)
OLA, KARI, NILS = (f"{name}@fjellrev.example.no" for name in ("ola", "kari", "nils"))


@given(secret=st.binary(min_size=1, max_size=200), prefix=st.text(max_size=40), text=st.text(max_size=300))
def test_the_hash_is_that_of_the_standard_library(secret: bytes, prefix: str, text: str) -> None:
    expected = hmac.digest(secret, f"{prefix}{text}".encode(), "sha256")
    digest = digest_under(secret, prefix)
    assert (digest(text), digest(text)) == (expected, expected)


def test_nothing_noted_holds_nothing() -> None:
    assert not Noted()
    assert not Noted().holds(OLA)


def test_the_ledger_answers_in_bulk_as_it_does_one_by_one(crm_engine: sa.Engine) -> None:
    """Under the present secret and the one before."""
    with crm_engine.begin() as connection:
        Suppression(OLD).add(connection, email_keys(OLA), "erasure")
        Suppression(NEW, [OLD]).add(connection, email_keys(KARI), "erasure")
        ledger = Suppression(NEW, [OLD])
        noted = ledger.noted(connection, "email")
        for text in (OLA, KARI, NILS):
            (key,) = email_keys(text)
            assert noted.holds(key.value) == (key in ledger.contains(connection, [key]))
        assert not ledger.noted(connection, "phone")
        with pytest.raises(SuppressionError, match="PRIVACY_SECRET"):
            Suppression(NEW).noted(connection, "email")


def test_objections_answer_in_bulk_as_they_do_one_by_one(crm_engine: sa.Engine) -> None:
    with crm_engine.begin() as connection:
        object_to_marketing(connection, OLD, email_keys(OLA), NOW)
        object_to_marketing(connection, NEW, email_keys(KARI), NOW)
        noted = noted_objections(connection, [NEW, OLD], "email")
        for text, objected in ((OLA, True), (KARI, True), (NILS, False)):
            (key,) = email_keys(text)
            assert noted.holds(key.value) == objected
            assert count_objections(connection, [NEW, OLD], [key]) == objected
        assert not noted_objections(connection, [NEW, OLD], "phone")
        with pytest.raises(SuppressionError, match="PRIVACY_SECRET"):
            noted_objections(connection, [NEW], "email")
