"""The jobs: one nightly run of everything, the weekly sweep, and retention by itself."""

import dagster as dg

from pipelines.defs.marked import WEBHOOKS
from pipelines.defs.missing_days import DAY_CHECKS

NIGHTLY = "nightly"
RETENTION = "retention"
READING = "reading"
REFETCHING = "refetching"

_APPLIED = (
    "privacy__retention",
    "privacy__ip_address_retention",
    "privacy__submission_instructions",
    "privacy__dagster_history",
)
"""Steps that delete. A manual launch of them only shows the plan; the jobs apply it."""
_SWEPT = (
    "helpscout__helpscout_customers",
    "helpscout__helpscout_conversations",
    "tripletex__tripletex_invoices",
    "brreg__brreg_units",
    "pindena__course_signups",
    "pindena__order_forms",
)
"""Steps that on an ordinary night read only what changed; the others read everything always."""


_HOUR = 3_600


def _tags(hours: int) -> dict[str, str]:
    """A run that takes longer than this hangs, and is ended. Whole runs are tried again after a crash only.

    Also where no dagster.yaml of the project is read.
    """
    return {
        "dagster/max_runtime": str(hours * _HOUR),
        "dagster/retry_on_asset_or_op_failure": "false",
    }


def night(*, complete: bool = False) -> dg.RunConfig:
    """The whole configuration of a night: what a run is given replaces the job's own, and adds nothing to it.

    `complete`: everything is read anew, also to see what is gone.
    """
    swept = {name: {"config": {"complete": True}} for name in _SWEPT if complete}
    return dg.RunConfig(ops={name: {"config": {"apply": True}} for name in _APPLIED} | swept)


nightly = dg.define_asset_job(
    NIGHTLY,
    # What webhooks mark has runs of its own, and is in the window of the night besides.
    selection=dg.AssetSelection.all() - dg.AssetSelection.groups(WEBHOOKS),
    config=night(),
    description="Reads every source, rebuilds the cards, applies retention and audits the store.",
    tags=_tags(hours=4),
)

retention = dg.define_asset_job(
    RETENTION,
    # The checks of the days too: on a night in which a source was down, nobody else looks at the others.
    selection=dg.AssetSelection.groups("privacy") | dg.AssetSelection.checks(*DAY_CHECKS),
    config=night(),
    description="Applies the retention rules and audits the store, also on a night when a source is down.",
    tags=_tags(hours=2),
)

reading = dg.define_asset_job(
    READING,
    selection=dg.AssetSelection.groups("sources/helpscout", "sources/tripletex", "sources/brreg", "crm"),
    description="Reads on from the last read and makes the cards that changed anew; webhooks start it.",
    tags=_tags(hours=2),
)

refetching = dg.define_asset_job(
    REFETCHING,
    selection=dg.AssetSelection.groups(WEBHOOKS, "crm"),
    description="Looks up what webhooks have marked, and makes the cards that changed anew.",
    tags=_tags(hours=1),
)
