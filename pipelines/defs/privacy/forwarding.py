"""The forwarding audit (clause S5): seven questions to the real store, each an asset check."""

from datetime import UTC, datetime

import dagster as dg

from pipelines.defs.findings import check_result
from pipelines.defs.metadata import OWNERS
from pipelines.defs.partitions import BY_MORNING
from pipelines.defs.platform.tables import PARTICIPANT_SUBMISSION
from pipelines.defs.privacy.retention import ip_address_retention, retention_rules
from pipelines.defs.resources import Workbench
from pipelines.errors import nothing_personal
from pipelines.files import write_whole
from pipelines.findings import Finding
from pipelines.privacy.audit import Answer, PlatformSide, audit
from pipelines.privacy.records import FOLDER, Language, clause_report, proofs
from schemas.policy import load_policy

_AUDIT = dg.AssetKey(["privacy", "forwarding_audit"])
_QUESTIONS = {
    "every_value_has_an_origin": "every value on a card has its origin",
    "no_other_customers_activity": "no other customer's activity was read or asked for",
    "structure_is_known": "every table and column is known to the policy",
    "recipients_are_declared": "every host asked is a declared recipient",
    "no_grant_on_processor_data": "the CRM role has no grant on processor data",
    "nothing_past_its_period": "nothing is past its period",
    "no_submission_on_a_card": "no participant's submission is on a card",
}

_REPORTS: dict[str, Language] = {"klausulrapport": "nb", "clause_report": "en"}


@dg.asset(
    key=_AUDIT,
    group_name="privacy",
    # Participants' submissions are looked at by keyed hash only, and nothing goes on from here.
    deps=[retention_rules, ip_address_retention, PARTICIPANT_SUBMISSION],
    kinds={"policy", "postgres"},
    owners=OWNERS,
    freshness_policy=BY_MORNING,
    tags={"data_class": "system", "clause/S5": "true"},
    check_specs=[
        dg.AssetCheckSpec(name, asset=_AUDIT, description=question[0].upper() + question[1:] + ".")
        for name, question in _QUESTIONS.items()
    ],
)
def forwarding_audit(workbench: Workbench) -> dg.MaterializeResult:
    """Proves on the real store that processor data stayed out and that what was promised is kept."""
    policy = load_policy()
    with nothing_personal():
        store, settings = workbench.store, workbench.settings
        side = (
            PlatformSide(store.platform, store.auditor, workbench.platform_names) if store.platform else None
        )
        outcome = audit(
            store.crm,
            side,
            policy,
            now=datetime.now(UTC),
            role=store.role,
            activities=settings.pindena_course_activities | settings.pindena_order_activities,
        )
        reports = {name: clause_report(policy, proofs(outcome), said) for name, said in _REPORTS.items()}
        for name, report in reports.items():
            write_whole(settings.dagster_home / FOLDER / f"clauses.{_REPORTS[name]}.md", [report])
    answers = {answer.question: answer for answer in outcome.answers}
    return dg.MaterializeResult(
        metadata={
            "questions": len(outcome.answers),
            "violations": outcome.violations,
            **{name: dg.MarkdownMetadataValue(report) for name, report in reports.items()},
        },
        check_results=[
            check_result(_finding(answers.get(question), question), name)
            for name, question in _QUESTIONS.items()
        ],
    )


def _finding(answer: Answer | None, question: str) -> Finding:
    """An answer as a finding; one that was not asked for lack of a platform database has passed."""
    if answer is None:
        return Finding(True, f"{question}: no platform database is configured", {"violations": 0})
    why = answer.not_asked or "; ".join(answer.findings) or question
    return Finding(answer.passed, why, {"violations": answer.violations})
