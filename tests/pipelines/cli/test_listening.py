"""Where a command may listen is said in words, before anything starts."""

from __future__ import annotations

import argparse
import socket

import pytest

from pipelines.cli.listening import port, problem_of


@pytest.mark.parametrize("text", ["0", "65536", "-1", "abc", "", "³", "80.5"])
def test_what_is_no_port_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="from 1 to 65535"):
        port(text)


@pytest.mark.parametrize("number", [1, 3000, 65_535])
def test_a_port_is_a_number(number: int) -> None:
    assert port(str(number)) == number


@pytest.fixture
def taken() -> socket.socket:
    """A port that somebody listens on."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener


def test_a_port_is_in_use_until_its_server_ends(taken: socket.socket) -> None:
    number = taken.getsockname()[1]
    with taken:
        assert problem_of("127.0.0.1", number) == "is in use"
        assert problem_of("0.0.0.0", number) == "is in use"
    assert problem_of("127.0.0.1", number) is None


def test_an_address_of_another_machine_cannot_be_listened_on() -> None:
    # From the range for examples (RFC 5737).
    assert "cannot be used" in str(problem_of("192.0.2.1", 8017))


def test_a_host_that_is_none_is_said() -> None:
    assert "the host is not known" in str(problem_of("not a host", 8017))
