"""Sends one message to the operators' addresses by a mail server, over TLS or not at all.

The text is the caller's; it must hold counts, ids of runs and names of steps only. policy.yaml declares the
server as a recipient, and what a message to it may carry.
"""

from __future__ import annotations

import smtplib
import ssl
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Any
from urllib.parse import unquote, urlsplit

import tenacity

from connectors.errors import PermanentError, RefusedByPolicyError, TransientError, UnauthorizedError
from schemas.policy import Policy

RECIPIENT = "alert_mail"
"""As policy.yaml declares it."""
ATTEMPTS = 3
_SECONDS = 30.0
_PORTS = {"smtps": 465, "smtp": 587}
_GREETS_AS = "[127.0.0.1]"
"""The machine's name is nobody's business, and to look it up can take long."""


class MailClient:
    """A mail server: `smtps://user:password@host:465` (TLS at once) or `smtp://…:587` (STARTTLS, always)."""

    def __init__(
        self,
        policy: Policy,
        url: str,
        *,
        sender: str,
        to: Sequence[str],
        context: ssl.SSLContext | None = None,
        attempts: int = ATTEMPTS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._policy = policy
        self._server = urlsplit(url)
        self._sender = sender
        self._to = to
        self._context = context or ssl.create_default_context()
        self._retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(TransientError),
            stop=tenacity.stop_after_attempt(attempts),
            wait=tenacity.wait_exponential(multiplier=2, max=30),
            sleep=sleep,
            reraise=True,
        )

    def send(self, subject: str, text: str) -> None:
        """Raises EgressError when it was not taken. May arrive twice where an answer was lost."""
        fields = {"from": self._sender, "to": ", ".join(self._to), "subject": subject, "text": text}
        self._refuse_undeclared(fields)
        self._retrying(self._deliver, _message(fields))

    def _refuse_undeclared(self, fields: dict[str, str]) -> None:
        declared = [one for one in self._policy.recipients[RECIPIENT].requests if one.method == "MAIL"]
        if not any({*fields} <= {*one.body} for one in declared):
            raise RefusedByPolicyError(f"{RECIPIENT}: such a message is not declared in policy.yaml")

    def _deliver(self, message: EmailMessage) -> None:
        """One attempt. What a server answers can hold an address, so only its code is told."""
        try:
            with self._connected() as server:
                if self._server.username:
                    server.login(unquote(self._server.username), unquote(self._server.password or ""))
                refused = server.send_message(message, self._sender, self._to)
        except smtplib.SMTPAuthenticationError:
            raise UnauthorizedError(f"{RECIPIENT}: the credentials are not accepted") from None
        except smtplib.SMTPNotSupportedError:
            raise PermanentError(f"{RECIPIENT}: the server offers no TLS, or no login") from None
        except smtplib.SMTPRecipientsRefused:
            raise PermanentError(f"{RECIPIENT}: the server takes mail for none of the addresses") from None
        except smtplib.SMTPResponseException as error:
            kind = TransientError if 400 <= error.smtp_code < 500 else PermanentError
            raise kind(f"{RECIPIENT}: answered {error.smtp_code}") from None
        except ssl.SSLCertVerificationError:
            raise PermanentError(f"{RECIPIENT}: the host's certificate is not accepted") from None
        except (OSError, smtplib.SMTPException) as error:
            raise TransientError(f"{RECIPIENT}: no connection ({type(error).__name__})") from None
        if refused:
            raise PermanentError(f"{RECIPIENT}: the server takes no mail for {len(refused)} of the addresses")

    def _connected(self) -> smtplib.SMTP:
        host, port = str(self._server.hostname), self._server.port or _PORTS[self._server.scheme]
        shared: dict[str, Any] = {"local_hostname": _GREETS_AS, "timeout": _SECONDS}
        if self._server.scheme == "smtps":
            return smtplib.SMTP_SSL(host, port, context=self._context, **shared)
        server = smtplib.SMTP(host, port, **shared)
        try:
            server.starttls(context=self._context)
        except BaseException:
            server.close()
            raise
        return server


def server_problem(url: str) -> str | None:
    """What is wrong with a mail server's URL, or None: for one clear line before a run starts."""
    try:
        parts = urlsplit(url)
        port_is_valid = parts.port is None or parts.port > 0
    except ValueError:
        return "is not a URL"
    if parts.scheme not in _PORTS or not parts.hostname or not port_is_valid:
        return "is not a mail server (smtps://user:password@host:465 or smtp://user:password@host:587)"
    if parts.path.strip("/") or parts.query or parts.fragment:
        return "must hold nothing after the host and its port"
    return None


def _message(fields: dict[str, str]) -> EmailMessage:
    message = EmailMessage()
    message["From"] = fields["from"]
    message["To"] = fields["to"]
    message["Subject"] = fields["subject"]
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = make_msgid(domain=fields["from"].rpartition("@")[2])
    # So that no absence note comes back (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(fields["text"])
    return message
