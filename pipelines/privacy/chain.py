"""Judges the audit log's chain of hashes."""

from __future__ import annotations

from pipelines.findings import Finding
from pipelines.privacy.audit_log import Verification


def chain_is_whole(verification: Verification) -> Finding:
    """No entry of the audit log was changed, taken out or cut off."""
    numbers = {"entries": verification.entries}
    if verification.problem is None:
        return Finding(True, f"{verification.entries:,} entries, each bound to the one before", numbers)
    return Finding(
        False,
        f"{verification.problem}: compare it with a backup and with receipts, which carry the log's head",
        numbers,
    )
