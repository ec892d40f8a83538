"""Deliveries of Tripletex are told from forgeries, by their key and the bytes as they came."""

from __future__ import annotations

import pytest

from connectors.tripletex.webhook import verify

SECRET = "hemmelig"
KEY = "6f1e"
BODY = b'{"subscriptionId":1,"event":"customer.delete","id":17,"value":null}'
SIGNATURE = (  # by openssl dgst -sha512 -hmac
    "1FIdWyKKx/HNXelhQIuQf5aDFc3Do7wn0px+mzjwPKO9mOBGH3rXXuWVgHC/vlZYA9bRYSNcaL/Z2bmu9XvdBQ=="
)


def test_a_delivery_signed_with_the_secret_is_genuine() -> None:
    assert verify(BODY, SIGNATURE, KEY, SECRET)


@pytest.mark.parametrize(
    ("body", "signature", "key", "secret"),
    [
        (BODY + b"\n", SIGNATURE, KEY, SECRET),
        (BODY, SIGNATURE, "6f1f", SECRET),
        (BODY, SIGNATURE, "", SECRET),
        (BODY, SIGNATURE, None, SECRET),
        (BODY, SIGNATURE[:-8], KEY, SECRET),
        (BODY, None, KEY, SECRET),
        (BODY, "signatur på norsk \ud800", KEY, SECRET),
        (BODY, SIGNATURE, KEY, "en annen"),
        (BODY, SIGNATURE, KEY, ""),
    ],
)
def test_anything_else_is_refused(body: bytes, signature: str | None, key: str | None, secret: str) -> None:
    """A key that was replaced would let an old delivery pass for a new one."""
    assert not verify(body, signature, key, secret)
