"""The jobs: one nightly run of everything, the weekly sweep, and retention by itself."""

import dagster as dg

NIGHTLY = "nightly"
RETENTION = "retention"

nightly = dg.define_asset_job(
    NIGHTLY,
    selection=dg.AssetSelection.all(),
    description="Reads every source, rebuilds the cards, applies retention and audits the store.",
)

retention = dg.define_asset_job(
    RETENTION,
    selection=dg.AssetSelection.groups("privacy"),
    description="Applies the retention rules and audits the store, also on a night when a source is down.",
)
