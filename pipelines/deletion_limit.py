"""How many deletions at once are believed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeletionLimit:
    """More missing records than this share of the landed ones, and than this number, look like lost rights.

    MASS_DELETION_SHARE and MASS_DELETION_NUMBER set it.
    """

    share: float = 0.10
    number: int = 10

    def refuses(self, missing: int, compared: int) -> bool:
        """Whether so many of so many are not believed."""
        return missing > max(self.number, self.share * compared)
