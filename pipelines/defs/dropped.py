"""What assets over folders of dropped files share: their numbers, their check, and the sensor of a folder."""

import json

import dagster as dg

from pipelines.dropped.folder import Dropped, fingerprints, steady, waiting_files
from pipelines.findings import Finding
from pipelines.settings import load_settings

_NAMED = 5


def files_metadata(dropped: Dropped) -> dict[str, int]:
    """The numbers of files that every such asset shows."""
    return {"files_set_aside": dropped.set_aside, "files_unfinished": dropped.unfinished}


def no_file_set_aside(dropped: Dropped) -> Finding:
    """Every file could be loaded."""
    numbers = {"set_aside": dropped.set_aside}
    if not dropped.set_aside:
        return Finding(True, "every file could be loaded", numbers)
    faults = "; ".join(dropped.faults[:_NAMED])
    return Finding(
        False,
        f"{dropped.set_aside} files were set aside ({faults}): mend them in set_aside/ and put them back",
        numbers,
    )


def folder_sensor(name: str, job_name: str, setting: str) -> dg.SensorDefinition:
    """A sensor that starts a run when files in the folder that a setting names have stopped growing."""

    def look(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        folder = getattr(load_settings(), setting)
        if folder is None:
            return dg.SkipReason(f"{setting.upper()} is not set")
        present = fingerprints(waiting_files(folder))
        key = steady(json.loads(context.cursor or "{}"), present)
        return dg.SensorResult(
            run_requests=[dg.RunRequest(run_key=key)] if key else [], cursor=json.dumps(present)
        )

    return dg.SensorDefinition(
        name=name,
        evaluation_fn=look,
        job_name=job_name,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Starts {job_name} when files in {setting.upper()} have stopped growing.",
    )
