"""Who an application is from, and when it is certain enough to be registered."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipelines.applications.verdicts import NEW_FOR, Applicant, Organization, judge

NOW = datetime(2026, 5, 4, 1, 30, tzinfo=UTC)
FJELLREV = Organization("card", "312345676", "Fjellrev AS", "active", "active")
COMPANY = Applicant(
    application_id=1,
    received_at=NOW - timedelta(hours=2),
    is_active=True,
    form_status="registered",
    first_name="Ola",
    last_name="Eksempel",
    email="ola@fjellrev.example.no",
    phone=None,
    company_name="Fjellrev AS",
    person_id="person",
    organization=FJELLREV,
)
PRIVATE = replace(COMPANY, company_name=None, organization=None, email="ola@privat.example.no")


def with_organization(**fields: Any) -> Applicant:
    return replace(COMPANY, organization=replace(FJELLREV, **fields))


def test_a_company_with_a_living_unit_is_ready() -> None:
    verdict = judge(COMPANY, NOW)
    assert (verdict.status, verdict.kind, verdict.reasons, verdict.warnings) == (
        "enriched",
        "company",
        (),
        (),
    )


def test_a_private_customer_stays_one() -> None:
    verdict = judge(PRIVATE, NOW)
    assert (verdict.status, verdict.kind) == ("enriched", "private")


@pytest.mark.parametrize("written", ["Privat", "privatperson", "-", "ingen", ""])
def test_what_says_no_company_is_private(written: str) -> None:
    assert judge(replace(PRIVATE, company_name=written), NOW).kind == "private"


@pytest.mark.parametrize("status", ["bankrupt", "liquidation", "deleted", "removed"])
def test_a_company_that_is_ending_is_for_a_person_to_decide(status: str) -> None:
    applicant = with_organization(status=status, unit=status)
    verdict = judge(applicant, NOW)
    assert verdict.status == "needs_review"
    assert verdict.warnings == verdict.reasons != ()
    decided = judge(replace(applicant, decision="company"), NOW)
    assert (decided.status, decided.warnings) == ("enriched", verdict.warnings)


def test_a_sub_unit_is_registered_under_its_own_number_with_a_warning() -> None:
    verdict = judge(with_organization(status="subunit"), NOW)
    assert verdict.status == "enriched"
    assert "sub-unit" in verdict.warnings[0]


def test_the_register_is_given_time_before_a_person_is_asked() -> None:
    applicant = with_organization(status="unverified", unit=None)
    assert judge(applicant, NOW).status == "new"
    assert judge(applicant, NOW + NEW_FOR).status == "needs_review"


def test_a_number_that_the_register_does_not_know_is_reviewed() -> None:
    verdict = judge(with_organization(status="unverified", unit="unknown"), NOW)
    assert (verdict.status, verdict.reasons) == (
        "needs_review",
        ("the register has no such organisation number",),
    )


@pytest.mark.parametrize(
    ("hits", "status", "words"),
    [
        (None, "new", "was not looked up"),
        (0, "needs_review", "no living unit"),
        (1, "new", "not yet on a card"),
        (3, "needs_review", "3 living units"),
    ],
)
def test_a_company_without_a_number_goes_by_what_its_name_found(
    hits: int | None, status: str, words: str
) -> None:
    verdict = judge(replace(COMPANY, organization=None, name_hits=hits), NOW)
    assert verdict.status == status
    assert words in verdict.reasons[0]


@pytest.mark.parametrize(
    "changes",
    [
        {"email": None},
        {"email": "ikke en adresse"},
        {"email": "post@privat.example.no"},
        {"last_name": None},
        {"person_id": None},
    ],
)
def test_a_private_customer_who_cannot_be_known_again_is_reviewed(changes: dict[str, Any]) -> None:
    verdict = judge(replace(PRIVATE, **changes), NOW)
    assert (verdict.status, verdict.kind) == ("needs_review", "private")
    assert len(verdict.reasons) == 1


def test_somebody_who_names_no_company_but_acts_for_one_is_reviewed_unless_known_as_private() -> None:
    applicant = replace(COMPANY, company_name=None)
    assert judge(applicant, NOW).status == "needs_review"
    known = judge(replace(applicant, is_private_in_ledger=True), NOW)
    assert (known.status, known.kind) == ("enriched", "private")


@pytest.mark.parametrize(
    "changes",
    [{"is_active": False}, {"form_status": "cancelled"}, {"is_internal": True}, {"decision": "decline"}],
)
def test_what_does_not_stand_is_declined(changes: dict[str, Any]) -> None:
    assert judge(replace(COMPANY, **changes), NOW).status == "declined"


def test_a_restricted_form_is_not_used_whatever_was_decided() -> None:
    restricted = replace(COMPANY, is_restricted=True, decision="company")
    assert judge(restricted, NOW).status == "needs_review"
