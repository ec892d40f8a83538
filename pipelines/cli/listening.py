"""Where a command may listen: said before anything starts, since a server that cannot would go on without."""

from __future__ import annotations

import argparse
import errno
import socket

LARGEST_PORT = 65_535


def port(text: str) -> int:
    """A port on a command line. Raises argparse.ArgumentTypeError, which says what one is."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= LARGEST_PORT):
        raise argparse.ArgumentTypeError(f"a port is a number from 1 to {LARGEST_PORT}")
    return int(text)


def problem_of(host: str, port: int) -> str | None:
    """Why a server cannot listen there, as the end of `Port 3000 …`; None where it can."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as listener:
            # As servers do: what a connection that has ended leaves behind is in nobody's way.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
    except PermissionError:
        return "may not be used by this user"
    except socket.gaierror:
        return "cannot be used: the host is not known"
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return "is in use"
        return f"cannot be used ({error.strerror})"
    return None
