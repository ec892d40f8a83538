"""Deliveries of Help Scout are told from forgeries, by the bytes as they came."""

from __future__ import annotations

import json

import pytest

from connectors.helpscout.webhook import verify

SECRET = "hemmelig"
BODY = rb'{"id":17,"firstName":"K\u00e5re","background":"a\/b"}'
SIGNATURE = "Bl0msRgBy4cXAm5MzL6BUSE7hxc="  # by openssl dgst -sha1 -hmac


def test_a_delivery_signed_with_the_secret_is_genuine() -> None:
    assert verify(BODY, SIGNATURE, SECRET)
    assert verify(BODY, f" {SIGNATURE}\r\n", SECRET)


def test_the_same_json_written_anew_is_not() -> None:
    """Help Scout escapes slashes and letters beyond ASCII; Python does not do both."""
    content = json.loads(BODY)
    assert not verify(json.dumps(content, ensure_ascii=False).encode(), SIGNATURE, SECRET)
    assert not verify(json.dumps(content, separators=(",", ":")).encode(), SIGNATURE, SECRET)


@pytest.mark.parametrize(
    ("body", "signature", "secret"),
    [
        (BODY + b" ", SIGNATURE, SECRET),
        (BODY, SIGNATURE.lower(), SECRET),
        (BODY, SIGNATURE[:-4], SECRET),
        (BODY, "", SECRET),
        (BODY, None, SECRET),
        (BODY, "signatur på norsk \ud800", SECRET),
        (BODY, SIGNATURE, "en annen"),
        (BODY, SIGNATURE, ""),
    ],
)
def test_anything_else_is_refused(body: bytes, signature: str | None, secret: str) -> None:
    assert not verify(body, signature, secret)


def test_an_empty_secret_is_no_secret() -> None:
    """Anybody can sign with it."""
    assert not verify(BODY, "necoh5fLoGgA0oO6bPtFD+tYtJ4=", "")
