"""Writes an audience to a CSV file for whoever sends the letters, and notes the disclosure of each person."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from pipelines.privacy.disclosures import note_handed_over
from pipelines.privacy.keys import Key, email_keys
from pipelines.privacy.periods import Period
from schemas.categories import OPERATIONS, PUBLIC
from schemas.policy import load_policy
from schemas.tables.audiences import KNOWN, audience_member
from schemas.tables.views import AUDIENCES

RECIPIENT = "own_staff"
"""Whoever in the company writes to customers. A company that sends for it is a processor, to be declared."""

FOLDER = "exports"
"""Folder of DAGSTER_HOME with the exports."""

_PURPOSES = {"important_updates": "customer_relationship", "course_invitations": "course_invitations"}
_COLUMNS = "email full_name organization_name reason legal_basis".split()
_NOT_PERSONAL = {OPERATIONS, PUBLIC}
_OURS = re.compile(rf"(?:{'|'.join(KNOWN)})-\d{{8}}T\d{{6}}Z\.csv")
_ADDRESS = re.compile(r"[^\s;,'\"]+@[^\s;,'\"]+")
# A cell that begins with one of them is a formula to a spreadsheet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def export_audience(
    engine: sa.Engine, audience: str, folder: Path, run_id: str, now: datetime
) -> tuple[Path, int]:
    """Write the members of an audience as they stand; return the file and how many they are.

    The disclosures are committed before the file gets its name: a file without them cannot be. Raises
    ValueError for an audience that there is not.
    """
    if audience not in AUDIENCES:
        raise ValueError(f"there is no audience of that name; there are {' and '.join(KNOWN)}")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{audience}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}.csv"
    draft = path.with_suffix(".part")
    view = AUDIENCES[audience]
    with (
        engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection,
        connection.begin(),
    ):
        columns = [view.c[name] for name in _COLUMNS]
        rows = connection.execute(sa.select(*columns).order_by(view.c.email)).all()
        _write(draft, rows)
        _disclose(connection, audience, run_id, now)
    draft.replace(path)
    return path, len(rows)


def forget_exports(folder: Path, now: datetime) -> int:
    """Remove exports that are older than the policy gives them; return how many."""
    oldest = Period.parse(load_policy().copy_period("audience-exports")).cutoff(now)
    removed = 0
    for path in folder.iterdir() if folder.is_dir() else ():
        is_ours = _OURS.fullmatch(path.name) or path.suffix == ".part"
        if is_ours and datetime.fromtimestamp(path.stat().st_mtime, UTC) < oldest:
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def withdraw_exports(folder: Path, keys: Collection[Key]) -> int:
    """Remove the exports that have an address among `keys` in them; return how many.

    Whoever is erased, restricted or objects may not be written to by a list from before: it is made anew.
    """
    removed = 0
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if _OURS.fullmatch(path.name) and not _addresses(path).isdisjoint(keys):
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def _addresses(path: Path) -> set[Key]:
    """Those in a file, however a spreadsheet has saved it since."""
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    return {key for written in _ADDRESS.findall(text) for key in email_keys(written)}


def _write(path: Path, rows: Collection[sa.Row[tuple[object, ...]]]) -> None:
    """A file that only its owner may read, in the form that spreadsheets here take."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", newline="") as file:
        file.write("\ufeff")
        writer = csv.writer(file, delimiter=";")
        writer.writerow(_COLUMNS)
        writer.writerows([_cell(value) for value in row] for row in rows)


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _disclose(connection: sa.Connection, audience: str, run_id: str, now: datetime) -> None:
    """The ledger of disclosures, under the record that each address comes from."""
    member, view = audience_member, AUDIENCES[audience]
    note_handed_over(
        connection,
        load_policy(),
        RECIPIENT,
        purpose=_PURPOSES[audience],
        categories={view.c[name].info["category"] for name in _COLUMNS} - _NOT_PERSONAL,
        records=sa.select(member.c.source, member.c.source_id).where(member.c.audience == audience),
        run_id=run_id,
        now=now,
    )
