"""The jobs: one nightly run of everything, the weekly sweep, and retention by itself."""

import dagster as dg

NIGHTLY = "nightly"
RETENTION = "retention"

# A manual launch of these assets only shows the plan; the jobs apply it.
_APPLY = dg.RunConfig(
    ops={
        name: {"config": {"apply": True}} for name in ("privacy__retention", "privacy__ip_address_retention")
    }
)

nightly = dg.define_asset_job(
    NIGHTLY,
    selection=dg.AssetSelection.all(),
    config=_APPLY,
    description="Reads every source, rebuilds the cards, applies retention and audits the store.",
)

retention = dg.define_asset_job(
    RETENTION,
    selection=dg.AssetSelection.groups("privacy"),
    config=_APPLY,
    description="Applies the retention rules and audits the store, also on a night when a source is down.",
)
