"""The ordinary customers, around those whose story is told."""

from connectors.sandbox.stage import Stage


def crowd(stage: Stage) -> None:
    """Fill the world up."""
