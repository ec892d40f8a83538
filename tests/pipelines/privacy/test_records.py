"""The records of processing say what is enforced, the clause report what was proved; in two languages."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from pipelines.privacy.audit import Answer, Audit, PlatformSide, audit
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
from schemas.tables.platform import PlatformNames

POLICY = load_policy()
NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
BOTH: tuple[Language, Language] = ("nb", "en")
LANGUAGES = pytest.mark.parametrize("language", BOTH)


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
        assert len(rows) == 6, "basis, clauses, people, categories, recipients, transfers"
        assert all(line.split("|")[2].strip() for line in rows)
        assert "\n- " in entry, "periods"


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


def of_clause(text: str, name: str) -> str:
    return text.split(f"## {name}: ")[1].split("\n## ")[0]


@LANGUAGES
def test_every_clause_is_reported_and_one_without_a_proof_says_so(language: Language) -> None:
    text = clause_report(POLICY, [], language)
    unproved = {"nb": "- Ikke kontrollert", "en": "- Not checked"}[language]
    for name, clause in POLICY.clauses.items():
        told = of_clause(text, name)
        assert told.startswith(getattr(clause.title, language))
        assert f"> {getattr(clause.promise, language)}" in told
        assert unproved in told


def test_the_answers_of_the_audit_are_the_proofs_and_a_failure_stands_out() -> None:
    audit = Audit(
        NOW,
        (
            Answer("nothing is past its period", "S3", 3, by_clause={"S1": 3, "S3": 0}),
            Answer("the CRM role has no grant on processor data", "S5", 2, ("x",)),
        ),
    )
    text = clause_report(POLICY, proofs(audit), "en")
    assert "- FAILED, 2026-11-25 04:00: nothing is past its period" in of_clause(text, "S1")
    assert "- passed, 2026-11-25 04:00: nothing is past its period" in of_clause(text, "S3")
    assert "- FAILED, 2026-11-25 04:00: the CRM role has no grant on" in of_clause(text, "S5")
    assert text.count("Not checked") == 3
    assert "- IKKE i orden, 2026-11-25 04:00: ingenting er over fristen" in clause_report(
        POLICY, proofs(audit), "nb"
    )


def test_a_question_that_was_not_asked_proves_nothing_and_says_so() -> None:
    question = "no participant's submission is on a card"
    audit = Audit(NOW, (Answer(question, "S5", 0, not_asked="there is no role"),))
    assert proofs(audit) == (Proof("S5", question, False, NOW, asked=False),)
    assert f"- NOT CHECKED, 2026-11-25 04:00: {question}" in clause_report(POLICY, proofs(audit), "en")


def test_a_real_audit_proves_every_clause_and_is_told_in_both_languages(
    crm_engine: sa.Engine, platform_engine: sa.Engine
) -> None:
    side = PlatformSide(platform_engine, platform_engine, PlatformNames())
    outcome = audit(crm_engine, side, POLICY, now=NOW, role="kundekort_pipeline", activities=[])
    assert len(outcome.answers) == 7
    texts = {language: clause_report(POLICY, proofs(outcome), language) for language in BOTH}
    for name in POLICY.clauses:
        assert len(re.findall(r"^- passed, 2026-11-25 04:00: ", of_clause(texts["en"], name), re.M)) >= 3
    for answer in outcome.answers:
        assert answer.question in texts["en"]
        assert answer.question not in texts["nb"], "told in English"


def test_what_enforces_a_clause_names_those_who_are_told_under_it_and_no_others() -> None:
    text = clause_report(POLICY, [], "en")
    for name in ("S3", "S5"):
        assert "- Nobody outside can be sent any of this" in of_clause(text, name)
        assert "Help Scout" not in of_clause(text, name)
    assert "only to: Help Scout PBC; Tripletex AS" in of_clause(text, "S1")
    assert "alerts" not in text, "operators are told nothing of anybody"


def test_the_norwegian_record_has_no_english_in_it() -> None:
    """Every text that is told in English is another one in Norwegian, names of companies aside."""
    nb, en = (controller_record(POLICY, language) + clause_report(POLICY, [], language) for language in BOTH)
    lines = {line for line in en.splitlines() if re.search("[a-z]{3}", line)} & set(nb.splitlines())
    assert lines == {"## S1: Support"}, "the word is the same"
    for word in ("Those at", "own registration", "contractual clauses", "gdpr-", "As long as"):
        assert word not in nb


def test_a_bar_in_a_text_does_not_break_the_table() -> None:
    renamed = changed("recipients", "tripletex", name="A | B")
    line = next(line for line in controller_record(renamed, "en").splitlines() if "A \\| B" in line)
    assert line.replace("\\|", "").count("|") == 3
