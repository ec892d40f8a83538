"""The source systems themselves, as external assets: where the data comes from, and what is never read."""

import dagster as dg

from pipelines.defs.metadata import OWNERS
from schemas.payloads.base import SYSTEMS
from schemas.policy import load_policy


@dg.definitions
def systems() -> dg.Definitions:
    """One external asset per recipient of policy.yaml that is a source."""
    policy = load_policy()
    return dg.Definitions(
        assets=[
            dg.AssetSpec(
                key=dg.AssetKey([system, f"{system}_api"]),
                group_name=f"sources/{system}",
                description=f"{policy.recipients[system].name.en}: asked for declared fields and no others.",
                owners=OWNERS,
                kinds={"api", system},
                tags={"data_class": "controller"},
            )
            for system in SYSTEMS
        ]
    )
