"""Launchpad options that the assets of this group share."""

from pipelines.defs.options import Options


class Retention(Options):
    """Launchpad options of what deletes."""

    apply: bool = False
    """Delete. Without it the plan is shown and nothing is deleted."""
    confirmed: bool = False
    """Delete also when it is far more than usual: somebody has looked at the plan."""
