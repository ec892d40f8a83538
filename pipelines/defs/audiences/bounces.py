"""The mail tool's bounce lists from a folder (clause S6), and the sensor that notices them."""

from datetime import UTC, datetime

import dagster as dg

from pipelines.audiences.bounce_intake import BounceIntake, load_bounces
from pipelines.defs.dropped import files_metadata, no_file_set_aside
from pipelines.defs.findings import check_result
from pipelines.defs.metadata import OWNERS
from pipelines.defs.resources import Workbench
from pipelines.defs.tables import table_metadata, table_tags
from pipelines.errors import nothing_personal
from pipelines.store.counts import count_rows
from schemas.tables.bounces import email_bounce

_BOUNCES = dg.AssetKey(["audiences", email_bounce.name])


@dg.asset(
    key=_BOUNCES,
    group_name="audiences",
    kinds={"python", "postgres"},
    owners=OWNERS,
    tags=table_tags(email_bounce),
    metadata=table_metadata(email_bounce),
    check_specs=[
        dg.AssetCheckSpec("no_list_set_aside", asset=_BOUNCES, description="Every list could be loaded.")
    ],
)
def email_bounces(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """Addresses that letters came back from, as keyed hashes, from the lists that the mail tool exports."""
    settings, intake = workbench.settings, BounceIntake()
    if settings.bounces_folder is None:
        context.log.info("BOUNCES_FOLDER is not set: there is no folder to look in")
    with nothing_personal():
        engine = workbench.store.crm
        if settings.bounces_folder is not None:
            intake = load_bounces(
                engine,
                settings.bounces_folder,
                settings.secrets,
                context.run.run_id,
                datetime.now(UTC),
            )
        rows = count_rows(engine, email_bounce)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": rows,
            "configured": settings.bounces_folder is not None,
            **files_metadata(intake),
            "files_loaded": intake.loaded,
            "bounces": intake.rows,
            "noted": intake.noted,
            "known": intake.known,
            "suppressed": intake.suppressed,
        },
        check_results=[check_result(no_file_set_aside(intake), severity=dg.AssetCheckSeverity.WARN)],
    )
