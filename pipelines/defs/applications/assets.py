"""Exports of order and sample-solution forms from a folder (clause S2), and the sensor that notices them."""

import hashlib
import json
from datetime import UTC, datetime

import dagster as dg

from pipelines.applications.intake import Intake, fingerprints, load_folder, waiting_files
from pipelines.defs.findings import check_result
from pipelines.defs.metadata import OWNERS, table_metadata, table_tags
from pipelines.defs.resources import Workbench
from pipelines.errors import nothing_personal
from pipelines.findings import Finding
from pipelines.settings import load_settings
from pipelines.store.landing import count_rows
from schemas.tables.registration import application_file

_FILES = dg.AssetKey(["applications", "application_files"])
_NAMED = 5


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
            "files_loaded": intake.loaded,
            "files_seen_before": intake.seen_before,
            "files_set_aside": intake.set_aside,
            "applications": intake.rows,
            "stored": intake.stored,
            "suppressed": intake.suppressed,
        },
        check_results=[check_result(_judged(intake), "no_file_set_aside", dg.AssetCheckSeverity.WARN)],
    )


def _judged(intake: Intake) -> Finding:
    if not intake.set_aside:
        return Finding(True, "every file could be loaded", {"set_aside": 0})
    faults = "; ".join(intake.faults[:_NAMED])
    return Finding(
        False,
        f"{intake.set_aside} files were set aside ({faults}): mend them in set_aside/ and put them back",
        {"set_aside": intake.set_aside},
    )


load_applications = dg.define_asset_job(
    "load_applications",
    selection=dg.AssetSelection.assets(application_files),
    description="Loads the exports that lie in APPLICATIONS_FOLDER; the cards follow at night.",
)


@dg.sensor(job=load_applications, minimum_interval_seconds=60, default_status=dg.DefaultSensorStatus.RUNNING)
def application_files_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Starts a run when files in APPLICATIONS_FOLDER have stopped growing."""
    folder = load_settings().applications_folder
    if folder is None:
        return dg.SkipReason("APPLICATIONS_FOLDER is not set")
    before = json.loads(context.cursor or "{}")
    present = fingerprints(waiting_files(folder))
    still = {name: state for name, state in present.items() if before.get(name) == state}
    requests = [dg.RunRequest(run_key=_run_key(still))] if still else []
    return dg.SensorResult(run_requests=requests, cursor=json.dumps(present))


def _run_key(files: dict[str, str]) -> str:
    """The same files in the same state start one run, however often they are seen."""
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
