"""An alert by e-mail goes over TLS or not at all, to the declared server; a failure tells no address."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope

from connectors.alerts.mail import MailClient, server_problem
from connectors.errors import (
    EgressError,
    PermanentError,
    RefusedByPolicyError,
    TransientError,
    UnauthorizedError,
)
from schemas.policy import load_policy

TEXT = "Kundekort: nightly failed at cards (run 1a2b3c4d). OPERATIONS.md says what to do."
TO = ("drift@example.no", "vakt@example.no")


class Mailbox:
    """What a mail server took, and what it answers."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []
        self.encrypted: list[bool] = []
        self.known: list[bool] = []
        self.answers: list[str] = []
        self.refused: set[str] = set()

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return f"550 no mailbox {address}"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        if self.answers:
            return self.answers.pop(0)
        self.taken.append(envelope)
        self.encrypted.append(server.transport.get_extra_info("ssl_object") is not None)
        self.known.append(session.authenticated)
        return "250 OK"


Serve = Callable[..., str]


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def serve(mailbox: Mailbox, certificate: Path) -> Iterator[Serve]:
    """Start a server: `smtps`, `smtp` with STARTTLS, or `plain`, which offers no TLS; returns its URL."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    servers: list[asyncio.Server] = []

    def start(scheme: str, password: str | None = None) -> str:
        def protocol() -> SMTP:
            return SMTP(
                mailbox,
                hostname="127.0.0.1",
                tls_context=context if scheme == "smtp" else None,
                require_starttls=scheme == "smtp",
                authenticator=lambda *given: AuthResult(
                    success=given[-1].password == str(password).encode(), handled=False
                ),
                auth_required=scheme == "smtp" and password is not None,
                # Where TLS lies under the protocol, the protocol does not know of it.
                auth_require_tls=scheme == "smtp",
                loop=loop,
            )

        made = loop.create_server(protocol, "127.0.0.1", 0, ssl=context if scheme == "smtps" else None)
        server = asyncio.run_coroutine_threadsafe(made, loop).result()
        servers.append(server)
        port = server.sockets[0].getsockname()[1]
        user = "alarm:riktig%20passord@" if password else ""
        return f"{'smtp' if scheme == 'plain' else scheme}://{user}127.0.0.1:{port}"

    yield start
    asyncio.run_coroutine_threadsafe(end(servers), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


async def end(servers: list[asyncio.Server]) -> None:
    """Close the servers and what still goes on in them."""
    for server in servers:
        server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def client(url: str, certificate: Path | None, waits: list[float] | None = None) -> MailClient:
    context = ssl.create_default_context(cafile=certificate) if certificate else None
    slept = [] if waits is None else waits
    return MailClient(
        load_policy(), url, sender="kundekort@example.no", to=TO, context=context, sleep=slept.append
    )


@pytest.mark.parametrize("scheme", ["smtps", "smtp"])
def test_a_message_arrives_encrypted_and_holds_the_line_and_no_more(
    scheme: str, serve: Serve, mailbox: Mailbox, certificate: Path
) -> None:
    client(serve(scheme), certificate).send("Kundekort: nightly failed at cards", TEXT)
    [envelope] = mailbox.taken
    assert mailbox.encrypted == [True]
    assert envelope.rcpt_tos == list(TO)
    assert isinstance(envelope.content, bytes)
    message = message_from_bytes(envelope.content)
    assert bytes(message.get_payload(decode=True)).decode().strip() == TEXT
    assert message["Subject"] == "Kundekort: nightly failed at cards"
    assert (message["From"], message["To"]) == ("kundekort@example.no", ", ".join(TO))
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@example.no>")


def test_without_tls_nothing_is_sent(serve: Serve, mailbox: Mailbox, certificate: Path) -> None:
    with pytest.raises(PermanentError, match="no TLS"):
        client(serve("plain"), certificate).send("subject", TEXT)
    assert mailbox.taken == []


@pytest.mark.parametrize("scheme", ["smtps", "smtp"])
def test_a_certificate_that_nobody_vouches_for_is_not_accepted(
    scheme: str, serve: Serve, mailbox: Mailbox
) -> None:
    with pytest.raises(PermanentError, match="certificate"):
        client(serve(scheme), None).send("subject", TEXT)
    assert mailbox.taken == []


@pytest.mark.parametrize("scheme", ["smtps", "smtp"])
def test_a_login_is_given(scheme: str, serve: Serve, mailbox: Mailbox, certificate: Path) -> None:
    client(serve(scheme, password="riktig passord"), certificate).send("subject", TEXT)
    assert mailbox.known == [True]


def test_a_login_that_is_not_accepted_is_told_without_it(
    serve: Serve, mailbox: Mailbox, certificate: Path
) -> None:
    with pytest.raises(UnauthorizedError) as caught:
        client(serve("smtps", password="et annet passord"), certificate).send("subject", TEXT)
    assert "passord" not in str(caught.value)
    assert "alarm" not in str(caught.value)


def test_a_busy_server_is_asked_again(serve: Serve, mailbox: Mailbox, certificate: Path) -> None:
    mailbox.answers = ["451 later", "452 later"]
    waits: list[float] = []
    client(serve("smtps"), certificate, waits).send("subject", TEXT)
    assert len(mailbox.taken) == 1
    assert len(waits) == 2


@pytest.mark.parametrize(
    ("answers", "kind"), [(["554 no"], PermanentError), (["451 later"] * 3, TransientError)]
)
def test_a_refusal_is_told_by_its_code(
    answers: list[str], kind: type[EgressError], serve: Serve, mailbox: Mailbox, certificate: Path
) -> None:
    mailbox.answers = list(answers)
    with pytest.raises(kind, match=answers[0][:3]):
        client(serve("smtps"), certificate).send("subject", TEXT)


@pytest.mark.parametrize("refused", [TO[:1], TO])
def test_an_address_that_is_refused_is_counted_and_not_named(
    refused: tuple[str, ...], serve: Serve, mailbox: Mailbox, certificate: Path
) -> None:
    """The others are told all the same."""
    mailbox.refused = set(refused)
    with pytest.raises(PermanentError) as caught:
        client(serve("smtps"), certificate).send("subject", TEXT)
    assert "example.no" not in str(caught.value)
    assert [one.rcpt_tos for one in mailbox.taken] == ([[TO[1]]] if len(refused) == 1 else [])


def test_a_server_that_is_not_there_is_told_without_its_address() -> None:
    with pytest.raises(TransientError) as caught:
        client("smtps://alarm:hemmelig@127.0.0.1:9", None).send("subject", TEXT)
    assert str(caught.value) == "alert_mail: no connection (ConnectionRefusedError)"


def test_what_the_policy_does_not_declare_is_not_sent(
    serve: Serve, mailbox: Mailbox, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = load_policy()
    recipient = policy.recipients["alert_mail"]
    [request] = recipient.requests
    less = recipient.model_copy(update={"requests": (request.model_copy(update={"body": ("from", "to")}),)})
    policy = policy.model_copy(update={"recipients": {**policy.recipients, "alert_mail": less}})
    mail = MailClient(policy, serve("smtps"), sender="kundekort@example.no", to=TO)
    with pytest.raises(RefusedByPolicyError, match="not declared"):
        mail.send("subject", TEXT)
    assert mailbox.taken == []


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("smtps://smtp.example.no", None),
        ("smtp://alarm:hemmelig@smtp.example.no:587", None),
        ("https://smtp.example.no", "is not a mail server"),
        ("smtps://", "is not a mail server"),
        ("smtps://smtp.example.no:0", "is not a mail server"),
        ("smtps://smtp.example.no:hemmelig", "is not a URL"),
        ("smtps://smtp.example.no/vakt", "nothing after the host"),
    ],
)
def test_what_is_no_mail_server_is_told_before_anything_runs(url: str, problem: str | None) -> None:
    found = server_problem(url)
    assert (found is None) == (problem is None)
    if problem:
        assert problem in str(found)
        assert "hemmelig" not in str(found)
