"""Whether a webhook delivery comes from Tripletex. Knows no server and no store.

A delivery is a hint to read a record again, never a record: versions can be skipped, and a subscription
that failed for long is switched off. `IDEMPOTENCY_HEADER` tells a delivery that comes twice.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

SIGNATURE_HEADER = "x-request-signature"
IDEMPOTENCY_HEADER = "idempotency-key"


def verify(body: bytes, signature: str | None, idempotency_key: str | None, secret: str) -> bool:
    """Whether `signature` is that of the key and the raw `body` under the subscription's shared secret.

    An empty secret accepts nothing, and neither does a delivery without its idempotency key.
    """
    if not secret or not signature or not idempotency_key:
        return False
    signed = idempotency_key.encode(errors="replace") + b"&" + body
    expected = base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha512).digest())
    return hmac.compare_digest(expected, signature.strip().encode(errors="replace"))
