"""Launchpad options that the assets of this group share."""

import dagster as dg
from pydantic import Field


class Retention(dg.Config):
    """Launchpad options of what deletes."""

    apply: bool = Field(
        default=False, description="Delete. Without it the plan is shown and nothing is deleted."
    )
    confirmed: bool = Field(
        default=False,
        description="Delete also when it is far more than usual: somebody has looked at the plan.",
    )
