"""Whether a webhook delivery comes from Help Scout. Knows no server and no store.

A delivery is a hint to read a record again, never a record: it can be late, doubled or out of order, and
without a time in what is signed an old one can be sent again.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

SIGNATURE_HEADER = "X-HelpScout-Signature"


def verify(body: bytes, signature: str | None, secret: str) -> bool:
    """Whether `signature` is that of the raw `body` under the subscription's secret.

    The bytes must be those that came: Help Scout escapes its JSON in a way of its own, so that a body which
    was parsed and written anew has another signature. An empty secret accepts nothing.
    """
    if not secret or not signature:
        return False
    expected = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha1).digest())
    return hmac.compare_digest(expected, signature.strip().encode(errors="replace"))
