"""What a day brings to the world."""

from connectors.sandbox.stage import Stage


def live_a_day(stage: Stage) -> None:
    """Let one day happen, at the stage's present moment."""
