"""`make ui`: Dagster's web interface and daemon on the same instance as `make sync`, sandbox included."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from pipelines.cli.startup import configured, prepare_store, terminal
from pipelines.settings import ConfigurationError
from pipelines.store.engines import DatabaseError


def main(arguments: list[str]) -> int:
    """Serve until interrupted; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=3000)
    port = parser.parse_args(arguments).port
    console = terminal()
    try:
        with configured(console) as (settings, _):
            prepare_store(settings)
            console.print(f"Dagster opens on [bold]http://127.0.0.1:{port}[/]. Stop it with Ctrl-C.")
            dagster = str(Path(sys.executable).with_name("dagster"))
            serve = [dagster, "dev", "-m", "pipelines.definitions", "-h", "127.0.0.1", "-p", str(port)]
            return subprocess.run([*serve, "--log-level", "warning"], check=False).returncode
    except KeyboardInterrupt:
        return 0
    except (ConfigurationError, DatabaseError) as error:
        console.print(f"[red]{error}[/]")
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
