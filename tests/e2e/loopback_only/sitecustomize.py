"""Python imports this at start: it refuses every connection that would leave the machine, and notes it."""

import os
import sys
from pathlib import Path

_NEAR = ("127.", "::1", "localhost", "0.0.0.0")  # compared, not bound


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    if event not in ("socket.connect", "socket.getaddrinfo"):
        return
    address = arguments[1] if event == "socket.connect" else arguments
    host = address[0] if isinstance(address, tuple) else None
    if isinstance(host, str) and not host.startswith(_NEAR):
        with Path(os.environ["CALLS_OUTSIDE"]).open("a") as file:
            file.write(f"{event} {host}\n")
        raise PermissionError(f"{event}: this test stays on this machine")


sys.addaudithook(_refuse)
