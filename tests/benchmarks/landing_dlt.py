"""The peer of `landing.py`: dlt merges rows into PostgreSQL. Runs as a script where dlt is installed.

Reads one job as JSON from standard input, prints one answer as JSON for each of its files. Must not import
the project.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

TIMES = ("created_at", "source_changed_at")
KEY = "id"


def main() -> None:
    """Load the rows of each file of the job, one after the other, by one pipeline."""
    job = json.load(sys.stdin)
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DLT_DATA_DIR"] = folder
        import dlt

        pipeline = dlt.pipeline(
            pipeline_name=f"peer_{job['mode']}",
            destination=dlt.destinations.postgres(job["url"]),
            dataset_name=f"peer_{job['mode']}",
            pipelines_dir=folder,
        )
        for path in job["files"]:
            with Path(path).open() as file:
                rows = [_typed(json.loads(line)) for line in file]
            gc.freeze()
            wall, cpu = time.perf_counter(), _cpu()
            _load(dlt, pipeline, rows, job["mode"])
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            answer = {"wall": time.perf_counter() - wall, "python": _cpu() - cpu, "peak": peak}
            print(json.dumps(answer), flush=True)
            gc.unfreeze()


def _load(dlt: Any, pipeline: Any, rows: list[dict[str, Any]], mode: str) -> None:
    options: dict[str, Any] = {}
    data: Any = rows
    if mode == "csv":
        options = {"loader_file_format": "csv"}
    if mode == "arrow":
        import pyarrow

        data, options = pyarrow.Table.from_pylist(rows), {"loader_file_format": "csv"}
    strategy = "upsert" if options else "delete-insert"
    contacts = dlt.resource(
        data,
        name="contact",
        primary_key=KEY,
        write_disposition={"disposition": "merge", "strategy": strategy},
    )
    pipeline.run(contacts, **options)


def _typed(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: datetime.fromisoformat(value) if name in TIMES and value else value
        for name, value in row.items()
    }


def _cpu() -> float:
    """CPU seconds of this process and of those that it has started and that have ended."""
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


if __name__ == "__main__":
    main()
