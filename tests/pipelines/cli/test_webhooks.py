"""`make webhooks` listens where it is told, and nowhere without a secret."""

from __future__ import annotations

import socket
from typing import Any

import pytest
import sqlalchemy as sa
import uvicorn

from pipelines.cli import webhooks

SECRET = "a-secret-that-both-sides-know"


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, crm_url: sa.URL) -> list[Any]:
    """(host, port) of each server that was started."""
    where: list[Any] = []
    monkeypatch.setenv("CRM_DATABASE_URL", crm_url.render_as_string(hide_password=False))
    monkeypatch.setenv("TRIPLETEX_WEBHOOK_SECRET", SECRET)
    monkeypatch.delenv("HELPSCOUT_WEBHOOK_SECRET", raising=False)
    monkeypatch.setattr(uvicorn, "run", lambda _, host, port, **__: where.append((host, port)))
    return where


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_it_listens_on_the_address_that_is_named(host: str, served: list[Any]) -> None:
    assert webhooks.main(["--host", host, "--port", "39170"]) == 0
    assert served == [(host, 39170)]


def test_it_listens_on_this_machine_alone_unless_it_is_told(served: list[Any]) -> None:
    assert webhooks.main(["--port", "39170"]) == 0
    assert served == [("127.0.0.1", 39170)]


def test_without_a_secret_nothing_listens(
    served: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("TRIPLETEX_WEBHOOK_SECRET")
    assert webhooks.main([]) == 2
    assert not served
    assert "TRIPLETEX_WEBHOOK_SECRET" in capsys.readouterr().out


def test_a_port_that_is_in_use_is_said(served: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        number = listener.getsockname()[1]
        assert webhooks.main(["--port", str(number)]) == 2
    assert not served
    assert f"Port {number} of 127.0.0.1 is in use" in capsys.readouterr().out
