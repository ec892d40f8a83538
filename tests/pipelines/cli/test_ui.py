"""`make ui` says what is in its way before it starts anything."""

from __future__ import annotations

import socket

import pytest

from pipelines.cli.ui import main


def test_a_port_that_is_in_use_is_said_and_nothing_is_started(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        assert main(["--port", str(port)]) == 2
    told = capsys.readouterr().out
    assert f"Port {port} is in use" in told
    assert "make ui PORT=" in told
