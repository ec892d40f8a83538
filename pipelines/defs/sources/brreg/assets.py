"""The Brønnøysund register (clause S2): facts about the organisations that the other sources name."""

import dagster as dg

from connectors.brreg.client import BrregClient
from pipelines.defs.applications.assets import application_files
from pipelines.defs.sources.helpscout.assets import helpscout_customers
from pipelines.defs.sources.landing_asset import landing_asset
from pipelines.defs.sources.pindena.assets import course_signups, order_forms
from pipelines.defs.sources.tripletex.assets import tripletex_customers
from pipelines.sources import brreg
from pipelines.sources.reading import Desk, Run
from pipelines.store.tally import Tally
from schemas.payloads.brreg import BrregUnit

_WHOLE = dg.AllPartitionMapping()


@landing_asset(
    BrregUnit,
    name="brreg_units",
    partitioned=False,
    deps=[
        tripletex_customers,
        application_files,
        *(
            dg.AssetDep(asset, partition_mapping=_WHOLE)
            for asset in (helpscout_customers, course_signups, order_forms)
        ),
    ],
)
def brreg_units(desk: Desk, client: BrregClient, run: Run) -> Tally:
    """One row per organisation number that a source names: what the register says of it."""
    return brreg.read_units(desk, client, run)
