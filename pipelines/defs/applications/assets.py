"""Exports of order and sample-solution forms from a folder (clause S2), and the sensor that notices them."""

from datetime import UTC, datetime

import dagster as dg

from pipelines.applications.intake import Intake, load_folder
from pipelines.defs.dropped import files_metadata, folder_sensor, no_file_set_aside
from pipelines.defs.findings import check_result
from pipelines.defs.metadata import OWNERS
from pipelines.defs.resources import Workbench
from pipelines.defs.tables import table_metadata, table_tags
from pipelines.errors import nothing_personal
from pipelines.store.counts import count_rows
from schemas.tables.registration import application_file

_FILES = dg.AssetKey(["applications", "application_files"])


@dg.asset(
    key=_FILES,
    group_name="applications",
    kinds={"python", "postgres"},
    owners=OWNERS,
    tags=table_tags(application_file),
    metadata=table_metadata(application_file),
    check_specs=[
        dg.AssetCheckSpec("no_file_set_aside", asset=_FILES, description="Every file could be loaded.")
    ],
)
def application_files(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """Loads CSV and XLSX exports of the own forms: each good file once, each bad one set aside whole."""
    settings, intake = workbench.settings, Intake()
    if settings.applications_folder is None:
        context.log.info("APPLICATIONS_FOLDER is not set: there is no folder to look in")
    else:
        with nothing_personal():
            intake = load_folder(
                workbench.desk,
                settings.applications_folder,
                settings.pindena_order_activities,
                settings.secret,
                context.run.run_id,
                datetime.now(UTC),
            )
    with nothing_personal():
        rows = count_rows(workbench.store.crm, application_file)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": rows,
            "configured": settings.applications_folder is not None,
            **files_metadata(intake),
            "files_loaded": intake.loaded,
            "files_seen_before": intake.seen_before,
            "applications": intake.rows,
            "stored": intake.stored,
            "suppressed": intake.suppressed,
        },
        check_results=[
            check_result(no_file_set_aside(intake), "no_file_set_aside", dg.AssetCheckSeverity.WARN)
        ],
    )


load_applications = dg.define_asset_job(
    "load_applications",
    selection=dg.AssetSelection.assets(application_files),
    description="Loads the exports that lie in APPLICATIONS_FOLDER; the cards follow at night.",
)

application_files_sensor = folder_sensor(
    "application_files_sensor", load_applications.name, "applications_folder"
)
