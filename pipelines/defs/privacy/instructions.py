"""Participants' submissions (clause S5): deleted on a customer's documented instruction, never otherwise."""

from datetime import UTC, datetime

import dagster as dg

from pipelines.defs.metadata import OWNERS, markdown_table
from pipelines.defs.partitions import BY_MORNING
from pipelines.defs.platform.tables import PARTICIPANT_SUBMISSION
from pipelines.defs.privacy.options import Retention
from pipelines.defs.resources import Workbench
from pipelines.errors import nothing_personal
from pipelines.privacy import submissions


@dg.asset(
    key=["privacy", "submission_instructions"],
    group_name="privacy",
    deps=[PARTICIPANT_SUBMISSION],
    kinds={"policy", "postgres"},
    owners=OWNERS,
    freshness_policy=BY_MORNING,
    tags={"data_class": "system", "clause/S5": "true"},
)
def submission_instructions(config: Retention, workbench: Workbench) -> dg.MaterializeResult:
    """Carries out what customers have instructed in writing; no answer of a participant is read."""
    now = datetime.now(UTC)
    covered: dict[str, int] = {}
    with nothing_personal():
        crm, platform = workbench.store.crm, workbench.store.platform
        with crm.connect() as connection:
            waiting = submissions.open_instructions(connection)
        for one in waiting:
            number = f"instruction {one.instruction_id}"
            if platform is None:
                covered[number] = 0
            elif config.apply:
                covered[number] = submissions.carry_out(crm, platform, workbench.platform_names, one, now)
            else:
                with platform.connect() as connection:
                    covered[number] = submissions.preview(connection, workbench.platform_names, one)
    return dg.MaterializeResult(
        metadata={
            "open": len(waiting),
            "applied": config.apply,
            "rows_removed": sum(covered.values()) if config.apply else 0,
            "covered": markdown_table("instruction", "submissions", covered),
        }
    )
