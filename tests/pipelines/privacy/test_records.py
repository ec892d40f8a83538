"""The records of processing say what is enforced, the clause report what was proved; in two languages."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipelines.privacy.audit import Answer, Audit
from pipelines.privacy.records import (
    Language,
    Proof,
    activities,
    clause_report,
    controller_record,
    processor_record,
    proofs,
)
from schemas.policy import Policy, load_policy

POLICY = load_policy()
NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
LANGUAGES = pytest.mark.parametrize("language", ["nb", "en"])


def changed(part: str, key: str, **values: object) -> Policy:
    document = POLICY.model_dump(by_alias=True)
    document[part][key] |= values
    return Policy.model_validate(document)


@LANGUAGES
def test_every_purpose_of_the_controller_has_its_entry(language: Language) -> None:
    text = controller_record(POLICY, language)
    served = {
        purpose
        for rule in POLICY.data.values()
        if rule.data_class == "controller"
        for purpose in rule.purposes
    }
    for name in served:
        assert f"## {getattr(POLICY.purposes[name].text, language)}" in text


@LANGUAGES
def test_each_entry_names_what_the_law_asks_for(language: Language) -> None:
    text = controller_record(POLICY, language)
    entries = text.split("\n## ")[1 : 1 + len(activities(POLICY, "controller"))]
    assert len(entries) == len(activities(POLICY, "controller"))
    for entry in entries:
        rows = [line for line in entry.splitlines() if line.startswith("| ") and line != "| | |"]
        assert len(rows) == 7, "basis, clauses, people, categories, recipients, transfers, periods"
        assert all(line.split("|")[2].strip() for line in rows)


def test_participants_data_stand_in_the_processors_record_only() -> None:
    answers = POLICY.categories["user.content.private"].en
    assert answers not in controller_record(POLICY, "en")
    text = processor_record(POLICY, ["Fjellbris AS", "Vikoyri Kultur"], "en")
    assert answers in text
    assert "Fjellbris AS, Vikoyri Kultur" in text
    assert "| Recipients | None |" in text


def test_that_the_customers_are_not_known_is_not_told_as_none() -> None:
    told = processor_record(POLICY, None, "en")
    assert "the retention login may not read it" in told
    assert told != processor_record(POLICY, [], "en")


def test_a_change_of_the_policy_is_a_change_of_the_record() -> None:
    before = controller_record(POLICY, "en")
    renamed = changed("recipients", "helpscout", name="Another Desk Inc", country="CA")
    assert "Another Desk Inc (processor, CA)" in controller_record(renamed, "en")
    assert controller_record(renamed, "en") != before
    assert "14 days: Promise in the privacy statement" in before


def test_a_transfer_out_of_the_eea_is_named_with_its_mechanism() -> None:
    assert "Help Scout PBC, US: Standard contractual clauses" in controller_record(POLICY, "en")


@LANGUAGES
def test_every_clause_is_reported_and_one_without_a_proof_says_so(language: Language) -> None:
    text = clause_report(POLICY, [], language)
    for name, clause in POLICY.clauses.items():
        assert f"## {name}: {getattr(clause.title, language)}" in text
    unproved = {"nb": "Ikke kontrollert", "en": "Not checked"}[language]
    assert text.count(unproved) == 6


def test_the_answers_of_the_audit_are_the_proofs_and_a_failure_stands_out() -> None:
    audit = Audit(
        NOW,
        (
            Answer("nothing is past its period", "S3", 0),
            Answer("no grant on processor data", "S5", 2, ("x",)),
        ),
    )
    text = clause_report(POLICY, proofs(audit), "en")
    assert "passed: nothing is past its period (2026-11-25 04:00)" in text
    assert "FAILED: no grant on processor data (2026-11-25 04:00)" in text
    assert text.count("Not checked") == 4


def test_a_question_that_was_not_asked_proves_nothing() -> None:
    audit = Audit(NOW, (Answer("no submission is on a card", "S5", 0, not_asked="there is no role"),))
    assert proofs(audit) == (Proof("S5", "no submission is on a card", False, NOW),)


def test_a_bar_in_a_text_does_not_break_the_table() -> None:
    renamed = changed("recipients", "tripletex", name="A | B")
    line = next(line for line in controller_record(renamed, "en").splitlines() if "A \\| B" in line)
    assert line.replace("\\|", "").count("|") == 3
