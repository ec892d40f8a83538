"""Where an open request's identity hints lie, and the files made for the person: readable by the owner only.

Hints are personal data, so they stand neither in the database's case file nor in Dagster's run configuration,
which names a request by its number. They are thrown away when the request is answered.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pipelines.files import write_whole
from pipelines.privacy.periods import Period
from pipelines.privacy.subjects.finding import Hints
from pipelines.privacy.subjects.propagation import Step
from pipelines.privacy.subjects.rights import Corrections
from schemas.errors import SafeError
from schemas.policy import load_policy

COPIES = "request-files"
"""Id under `copies` in policy.yaml: files made for the person are handed over within that period."""

TOLD_WITHIN = timedelta(days=7)
"""The sources are told without undue delay (GDPR art. 19); after this it is reported."""

_ASKED, _STEPS = "asked.json", "steps.json"


class DrawerError(SafeError, RuntimeError):
    """There is nothing in the drawer for this request; the message names its number."""


class Drawer:
    """One folder with a folder for each request."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def keep(self, request_id: str, hints: Hints, corrections: Corrections) -> None:
        """Keep what was asked until the request is answered."""
        asked = {
            **{name: _plain(value) for name, value in asdict(hints).items()},
            "corrections": [[*record, dict(values)] for record, values in corrections.items()],
        }
        self.write(request_id, _ASKED, json.dumps(asked))

    def hints(self, request_id: str) -> Hints:
        """Who is asking. Raises DrawerError for a request that is unknown or answered."""
        asked = self._read(request_id, _ASKED)
        return Hints(
            emails=tuple(asked["emails"]),
            phones=tuple(asked["phones"]),
            records=tuple((source, key) for source, key in asked["records"]),
            name=asked["name"],
            include=frozenset((source, key) for source, key in asked["include"]),
            exclude=frozenset((source, key) for source, key in asked["exclude"]),
        )

    def corrections(self, request_id: str) -> Corrections:
        """What is to be corrected, by source record. Raises DrawerError as `hints`."""
        asked = self._read(request_id, _ASKED)
        return {(source, key): values for source, key, values in asked["corrections"]}

    def keep_steps(self, request_id: str, steps: Sequence[Step]) -> None:
        """Keep what the sources have to be told: after the erasure nothing in the store says it any more."""
        self.write(
            request_id, _STEPS, json.dumps([{**asdict(step), "fields": dict(step.fields)} for step in steps])
        )

    def steps(self, request_id: str) -> tuple[Step, ...]:
        """What the sources have to be told; () when it has been told."""
        if not (self._directory / request_id / _STEPS).exists():
            return ()
        return tuple(Step(**step) for step in self._read(request_id, _STEPS))

    def write(self, request_id: str, name: str, text: str) -> Path:
        """Write a file for the request, whole or not at all."""
        return write_whole(self._directory / request_id / name, [text])

    def forget(self, request_id: str, *, steps: bool) -> None:
        """Throw the hints away, and the steps when the sources have been told."""
        for name in (_ASKED, _STEPS) if steps else (_ASKED,):
            (self._directory / request_id / name).unlink(missing_ok=True)

    def untold(self, now: datetime) -> int:
        """Requests that were answered more than TOLD_WITHIN ago and whose sources are still to be told."""
        return sum(
            (folder / _STEPS).exists() and _last_written(folder) < now - TOLD_WITHIN
            for folder in self._answered()
        )

    def purge(self, now: datetime) -> int:
        """Remove what was made for people longer ago than the policy says; return for how many requests.

        What the sources are still to be told stays: nothing else in the house says it.
        """
        oldest = Period.parse(load_policy().copy_period(COPIES)).cutoff(now)
        old = [
            folder
            for folder in self._answered()
            if not (folder / _STEPS).exists() and _last_written(folder) < oldest
        ]
        for folder in old:
            shutil.rmtree(folder)
        return len(old)

    def _answered(self) -> list[Path]:
        if not self._directory.exists():
            return []
        return [
            folder
            for folder in self._directory.iterdir()
            if folder.is_dir() and not (folder / _ASKED).exists()
        ]

    def _read(self, request_id: str, name: str) -> Any:
        try:
            return json.loads((self._directory / request_id / name).read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            raise DrawerError(
                f"request {request_id} has nothing to go by: there is none of that number, it is answered, or"
                " it was opened on another machine; `make subject ARGS=list` shows what is open"
            ) from None


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, frozenset) else value


def _last_written(folder: Path) -> datetime:
    moments = [path.stat().st_mtime for path in (folder, *folder.iterdir())]
    return datetime.fromtimestamp(max(moments), UTC)
