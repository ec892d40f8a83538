"""Accountability (GDPR art. 5(2) and 30): the audit log, the ledger's copy and the records of processing."""

from datetime import UTC, datetime

import dagster as dg

from pipelines.defs.findings import check_result
from pipelines.defs.metadata import OWNERS
from pipelines.defs.partitions import BY_MORNING
from pipelines.defs.privacy.forwarding import forwarding_audit
from pipelines.defs.privacy.instructions import submission_instructions
from pipelines.defs.privacy.subjects import subject_requests
from pipelines.defs.resources import Workbench
from pipelines.defs.tables import table_metadata, table_tags
from pipelines.errors import nothing_personal
from pipelines.files import write_whole
from pipelines.privacy import audit_log
from pipelines.privacy.chain import chain_is_whole
from pipelines.privacy.records import FOLDER, controller_record, processor_record
from pipelines.privacy.submissions import customers
from pipelines.store.counts import count_rows
from pipelines.workbench import keep_ledger_copy
from schemas.policy import load_policy
from schemas.tables import privacy

_AUDIT_LOG = dg.AssetKey(["privacy", privacy.audit_log.name])


@dg.asset(
    key=_AUDIT_LOG,
    group_name="privacy",
    deps=[forwarding_audit, subject_requests, submission_instructions],
    kinds={"policy", "postgres"},
    owners=OWNERS,
    freshness_policy=BY_MORNING,
    tags=table_tags(privacy.audit_log),
    metadata=table_metadata(privacy.audit_log),
    check_specs=[dg.AssetCheckSpec("chain_is_whole", asset=_AUDIT_LOG, description=chain_is_whole.__doc__)],
)
def audit_log_asset(workbench: Workbench) -> dg.MaterializeResult:
    """One row per act of the privacy engine, each bound to the one before by a hash; no personal value."""
    with nothing_personal(), workbench.store.crm.connect() as connection:
        verification = audit_log.verify(connection)
    return dg.MaterializeResult(
        metadata={"dagster/row_count": verification.entries},
        check_results=[check_result(chain_is_whole(verification), "chain_is_whole")],
    )


@dg.asset(
    key=["privacy", "suppression"],
    group_name="privacy",
    deps=[forwarding_audit, subject_requests],
    kinds={"policy", "postgres"},
    owners=OWNERS,
    freshness_policy=BY_MORNING,
    tags=table_tags(privacy.suppression),
    metadata=table_metadata(privacy.suppression),
)
def suppression(workbench: Workbench) -> dg.MaterializeResult:
    """What was erased, as keyed hashes; copied with holds and requests to a file for a restored backup."""
    with nothing_personal():
        engine = workbench.store.crm
        keep_ledger_copy(workbench.settings, workbench.store)
        rows = count_rows(engine, privacy.suppression)
    return dg.MaterializeResult(metadata={"dagster/row_count": rows})


@dg.asset(
    key=["privacy", "records_of_processing"],
    group_name="privacy",
    deps=[forwarding_audit],
    kinds={"policy"},
    owners=OWNERS,
    freshness_policy=BY_MORNING,
    tags={"data_class": "system"},
)
def records_of_processing(workbench: Workbench) -> dg.MaterializeResult:
    """The records of GDPR art. 30(1) and 30(2), from the policy that runs, in Norwegian and English."""
    policy, made_at = load_policy(), datetime.now(UTC)
    with nothing_personal():
        platform = workbench.store.platform
        held_for: tuple[str, ...] | None = ()
        if platform is not None:
            with platform.connect() as connection:
                held_for = customers(connection, workbench.platform_names)
        folder = workbench.settings.dagster_home / FOLDER
        for language in ("nb", "en"):
            write_whole(folder / f"controller.{language}.md", [controller_record(policy, language)])
            write_whole(folder / f"processor.{language}.md", [processor_record(policy, held_for, language)])
    return dg.MaterializeResult(
        metadata={
            "policy_version": policy.version,
            "made_at": made_at.isoformat(timespec="seconds"),
            "customers": len(held_for or ()),
            "behandlingsprotokoll": dg.MarkdownMetadataValue(controller_record(policy, "nb")),
            "record_of_processing": dg.MarkdownMetadataValue(controller_record(policy, "en")),
        }
    )
