"""Signed receipts: proof that a request was carried out, without saying whose it was.

Ed25519 over one canonical form of the statement. A stranger verifies one with the public key alone:
`python -m pipelines.privacy.subjects.receipts receipt.json --key HEX`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy.dialects import postgresql as pg

from pipelines.privacy import audit_log
from pipelines.privacy.subjects.requests import Request
from schemas.errors import SafeError
from schemas.policy import Policy
from schemas.tables.privacy import receipt as receipt_table

FORMAT = "kundekort-receipt-1"


class ReceiptError(SafeError, ValueError):
    """A receipt is not genuine, or no receipt at all; the message says which."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A statement, its signature and the key it can be verified with."""

    statement: Mapping[str, Any]
    signature: bytes
    public_key: bytes

    def to_json(self) -> str:
        """As a file for the person."""
        document = {
            "statement": self.statement,
            "signature": self.signature.hex(),
            "public_key": self.public_key.hex(),
        }
        return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Receipt:
        """Read a receipt. Raises ReceiptError for anything else."""
        try:
            document = json.loads(text)
            return cls(
                dict(document["statement"]),
                bytes.fromhex(document["signature"]),
                bytes.fromhex(document["public_key"]),
            )
        except (ValueError, KeyError, TypeError):
            raise ReceiptError("no receipt: it needs statement, signature and public_key (JSON)") from None


def signing_key(secret: bytes) -> Ed25519PrivateKey:
    """The company's signing key, derived from PRIVACY_SECRET, so that there is one secret to keep."""
    seed = HKDF(hashes.SHA256(), 32, salt=None, info=b"kundekort receipts").derive(secret)
    return Ed25519PrivateKey.from_private_bytes(seed)


def public_key(secret: bytes) -> bytes:
    """The key to publish, for instance beside the privacy statement: 32 bytes."""
    return signing_key(secret).public_key().public_bytes_raw()


def issue(
    connection: sa.Connection, secret: bytes, policy: Policy, request: Request, counts: Mapping[str, int]
) -> Receipt:
    """Sign and keep the receipt of an answered request.

    It carries the head of the audit log, so that a log that is rewritten later does not fit it. Raises
    ValueError for a request that is not answered.
    """
    if request.answered_at is None or request.outcome is None:
        raise ValueError(f"request {request.request_id} is not answered yet")
    statement = {
        "format": FORMAT,
        "controller": policy.controller.name,
        "organization_number": policy.controller.organization_number,
        "policy_version": policy.version,
        "request": request.request_id,
        "kind": request.kind,
        "received_on": request.received_on.isoformat(),
        "answered_at": request.answered_at.astimezone(UTC).isoformat(timespec="seconds"),
        "outcome": request.outcome,
        "counts": dict(sorted(counts.items())),
        "audit_log_head": audit_log.head(connection),
    }
    made = Receipt(statement, signing_key(secret).sign(_canonical(statement)), public_key(secret))
    values = {"statement": statement, "signature": made.signature, "public_key": made.public_key}
    insert = pg.insert(receipt_table).values(request_id=request.request_id, **values)
    connection.execute(insert.on_conflict_do_update(index_elements=[receipt_table.c.request_id], set_=values))
    return made


def verify(receipt: Receipt, expected_key: bytes | None = None) -> None:
    """Raise ReceiptError unless the receipt is signed as it stands, by `expected_key` where it is given."""
    if expected_key is not None and receipt.public_key != expected_key:
        raise ReceiptError("the receipt is signed with another key than the published one")
    if receipt.statement.get("format") != FORMAT:
        raise ReceiptError(f"the receipt is not of the form {FORMAT}")
    try:
        Ed25519PublicKey.from_public_bytes(receipt.public_key).verify(
            receipt.signature, _canonical(receipt.statement)
        )
    except (InvalidSignature, ValueError):
        raise ReceiptError(
            "the signature does not fit the statement: it was changed, or signed by another"
        ) from None


def main(arguments: list[str] | None = None) -> int:
    """Verify a receipt file; 0 when it is genuine."""
    parser = argparse.ArgumentParser(description="Verify a receipt for a request of a data subject.")
    parser.add_argument("file", type=Path, help="the receipt (JSON)")
    parser.add_argument("--key", help="the published public key, in hex; without it only the seal is checked")
    options = parser.parse_args(arguments)
    try:
        receipt = Receipt.from_json(options.file.read_text(encoding="utf-8"))
        verify(receipt, bytes.fromhex(options.key) if options.key else None)
    except OSError as error:
        sys.stderr.write(f"{options.file}: {error.strerror}\n")
        return 2
    except ValueError as error:
        sys.stderr.write(f"not genuine: {error}\n")
        return 1
    statement = receipt.statement
    sys.stdout.write(
        f"genuine: {statement['kind']} received {statement['received_on']}, {statement['outcome']}"
        f" {statement['answered_at']} by {statement['controller']} ({statement['organization_number']})\n"
    )
    if not options.key:
        sys.stdout.write(f"signed with {receipt.public_key.hex()}: compare it with the published key\n")
    return 0


def _canonical(statement: Mapping[str, Any]) -> bytes:
    return json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


if __name__ == "__main__":
    sys.exit(main())
