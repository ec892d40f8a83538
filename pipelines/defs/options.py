"""What launchpads ask: options whose docstrings Dagster shows as their descriptions."""

import dagster as dg
from pydantic import ConfigDict


class Options(dg.Config):
    """Options of one asset or job. The docstring below a field is what its launchpad says of it."""

    model_config = ConfigDict(use_attribute_docstrings=True)
