"""Loads bounce lists that were dropped in a folder; the same list again changes nothing."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from pipelines.audiences.bounce_lists import read_bounces
from pipelines.dropped.folder import Dropped, Sleep, take_files
from pipelines.privacy.bounces import note_bounces
from pipelines.privacy.suppression import Suppression


@dataclass
class BounceIntake(Dropped):
    """What became of the lists in a folder, in numbers."""

    loaded: int = 0
    rows: int = 0
    noted: int = 0
    """Addresses that are new, or bounced again."""
    known: int = 0
    suppressed: int = 0
    """Addresses of erased persons, and bounces older than they are kept."""


def load_bounces(
    engine: sa.Engine,
    folder: Path,
    secrets: Sequence[bytes],
    run_id: str,
    now: datetime,
    sleep: Sleep = time.sleep,
) -> BounceIntake:
    """Load every waiting list, each in a transaction; safe to call again after a kill, and by two at once.

    `secrets`: PRIVACY_SECRET and those before it.
    """
    intake, ledger = BounceIntake(), Suppression(secrets[0], secrets[1:])

    def load(content: bytes) -> None:
        bounces = read_bounces(content, now)
        with engine.begin() as connection:
            done = note_bounces(connection, secrets, ledger, bounces, run_id, now)
        intake.loaded += 1
        intake.rows += len(bounces)
        intake.noted += done.noted
        intake.known += done.known
        intake.suppressed += done.suppressed

    take_files(folder, load, now, intake, sleep)
    return intake
