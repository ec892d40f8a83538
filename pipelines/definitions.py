"""The code location. Refuses to load when the policy has a gap, or participants' data a way out."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from pipelines.gate import refuse_forwarding
from pipelines.privacy.coverage import refuse_uncovered
from schemas.policy import load_policy


@dg.definitions
def defs() -> dg.Definitions:
    """Everything under `pipelines/defs`, run in one process (a step of its own process costs 3 s of CPU)."""
    refuse_uncovered(load_policy())
    loaded = dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
    merged = dg.Definitions.merge(loaded, dg.Definitions(executor=dg.in_process_executor))
    refuse_forwarding(merged)
    return merged
