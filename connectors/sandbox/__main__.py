"""`python -m connectors.sandbox`: serve in the foreground, or let days pass (`advance`)."""

import argparse
import os
import shlex
import signal
import sys
import threading
from pathlib import Path

from connectors.sandbox.server import Sandbox
from connectors.sandbox.world_file import SandboxError, advance

DEFAULT_DIRECTORY = Path(__file__).resolve().parents[2] / "dagster_home" / "sandbox"


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m connectors.sandbox", description=__doc__)
    home = os.environ.get("DAGSTER_HOME")
    parser.add_argument(
        "--directory",
        type=Path,
        default=Path(home) / "sandbox" if home else DEFAULT_DIRECTORY,
        help="where the world is kept (default: %(default)s)",
    )
    commands = parser.add_subparsers(dest="command")
    serve = commands.add_parser("serve", help="serve the four APIs until interrupted (the default)")
    for each in (parser, serve):
        each.add_argument("--port", type=int, default=0, help="0 takes a free one")
    commands.add_parser("advance", help="let days pass").add_argument(
        "--days", type=_days, default=1, help="how many (default: 1)"
    )
    given = parser.parse_args(arguments)
    try:
        if given.command == "advance":
            world = advance(given.directory, given.days)
            sys.stdout.write(
                f"Days in the world since its birth: {len(world.days)}. The next sync finds what is new.\n"
            )
            return 0
        return _serve(given.directory, given.port)
    except (SandboxError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2


def _days(text: str) -> int:
    """A number of days. Raises ValueError, which the parser reports."""
    days = int(text)
    if days < 1:
        raise ValueError("at least one day")
    return days


def _serve(directory: Path, port: int) -> int:
    # Also where whoever started this ignored SIGINT, as shells do for what runs in the background.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with Sandbox(directory, port) as sandbox:
        for name, value in sandbox.environment().items():
            sys.stdout.write(f"export {name}={shlex.quote(value)}\n")
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return 0
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
