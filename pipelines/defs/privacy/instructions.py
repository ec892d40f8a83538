"""Participants' submissions (clause S5): deleted or returned on a customer's documented instruction."""

from collections import Counter
from datetime import UTC, datetime

import dagster as dg

from pipelines.defs.metadata import OWNERS, markdown_table
from pipelines.defs.partitions import BY_MORNING
from pipelines.defs.platform.tables import PARTICIPANT_SUBMISSION
from pipelines.defs.privacy.options import Retention
from pipelines.defs.resources import Workbench
from pipelines.errors import nothing_personal
from pipelines.privacy import submissions
from pipelines.privacy.instructions import open_instructions
from pipelines.workbench import keep_ledger_copy


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
        crm, engine = workbench.store.crm, workbench.store.platform
        lists = workbench.settings.dagster_home / submissions.LISTS
        platform = submissions.Platform(engine, workbench.platform_names, lists) if engine else None
        with crm.connect() as connection:
            waiting = open_instructions(connection)
        for one in waiting:
            number = f"instruction {one.instruction_id}"
            if platform is None:
                covered[number] = 0
            elif config.apply:
                covered[number] = submissions.carry_out(crm, platform, one, now)
            else:
                covered[number] = submissions.preview(platform, one)
        if config.apply and waiting:
            keep_ledger_copy(workbench.settings, workbench.store)
        forgotten = submissions.forget_lists(lists, now) if config.apply else 0
    return dg.MaterializeResult(
        metadata={
            "open": len(waiting),
            "by_state": markdown_table("state", "instructions", Counter(one.state for one in waiting)),
            "applied": config.apply,
            "lists_removed": forgotten,
            "rows_removed": sum(covered.values()) if config.apply else 0,
            "covered": markdown_table("instruction", "submissions", covered),
        }
    )
