"""What every command does first: configuration, the sandbox where none is given, a look at the doors."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from connectors.errors import EgressError, RateLimitedError, UnavailableError
from pipelines.privacy.ledger_copy import LedgerCopyError, set_aside, standing_of_copy
from pipelines.privacy.suppression import SuppressionError
from pipelines.settings import PROJECT, ConfigurationError, Settings, load_settings
from pipelines.sources.clients import VARIABLES, connect, is_configured
from pipelines.store.database import Store, drop_embedded, open_store, platform_admin_url
from pipelines.store.engines import DatabaseError, check_connection, make_engine, psycopg_url
from pipelines.store.world import claim_world
from schemas.errors import SafeError
from schemas.payloads.base import SYSTEMS, System
from schemas.policy import PolicyError

if TYPE_CHECKING:
    import dagster as dg

_THE_OTHERS = {
    True: "No source is configured, and the sandbox's invented customers are not mixed with those that the"
    " database holds: configure the sources (.env.example says how), or name another database in"
    " CRM_DATABASE_URL",
    False: "CRM_DATABASE_URL: the database holds the sandbox's invented customers, which are not mixed with"
    " real ones: name another database",
}
"""What is said of a store that holds the other world's records, by whether the sandbox is used."""


class StartError(SafeError, RuntimeError):
    """A source cannot be used as it is configured; the message names the variables."""


# What stops a command before it has written anything; each message is one line that names what to mend.
NOT_STARTED = (
    ConfigurationError,
    DatabaseError,
    PolicyError,
    StartError,
    LedgerCopyError,
    SuppressionError,
)


def day(text: str) -> date:
    """A day on a command line. Raises argparse.ArgumentTypeError, which says how one is written."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("a day is written 2026-03-31") from None


def terminal(*, stderr: bool = False) -> Console:
    """Where commands print: lines are as long as they are, the terminal wraps them."""
    return Console(highlight=False, soft_wrap=True, stderr=stderr)


def refuse(console: Console, what: str, error: Exception) -> int:
    """Say that nothing was done (`what`), and why, in a sentence; returns the exit code for that."""
    reason = str(error.args[0]) if error.args else str(error)
    if reason.partition(" ")[0].isalpha():
        reason = reason[:1].upper() + reason[1:]
    # As text: a bracket in a reason is no markup.
    console.print(Text.assemble((what, "red"), f" {reason}"))
    return 2


@contextmanager
def configured(console: Console) -> Iterator[tuple[Settings, bool]]:
    """(settings, whether the sandbox is used), with the sandbox running for as long as the block.

    Raises ConfigurationError for a variable that is missing or malformed, and, where the sandbox is used, as
    `prepare_store` does.
    """
    settings = load_settings()
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)
    if settings.has_any_source:
        yield settings, False
        return
    # A store of real customers is refused before the sandbox is spoken of.
    prepare_store(console, settings, is_sandbox=True)
    # Real accounts never load the simulators.
    from connectors.sandbox.server import Sandbox

    directory = settings.dagster_home / "sandbox"
    with Sandbox(directory) as sandbox:
        os.environ.update(sandbox.environment())
        console.print(
            "No source is configured, so this runs against the [bold]sandbox[/]: four simulated APIs\n"
            "with an invented Norwegian world, on this machine. To connect real accounts, copy\n"
            ".env.example to .env and fill it in."
        )
        settings = load_settings()
        _seed_platform(console, settings)
        yield settings, True


def check_doors(console: Console, settings: Settings, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Try the databases and every configured source before anything is written.

    A source that is there but overloaded or out of order is told and no reason to stop: its own steps try
    longer, and the other sources are read. Raises DatabaseError or StartError, in one line that names what
    to mend.
    """
    for url, name in (
        (settings.crm_database_url, "CRM_DATABASE_URL"),
        (settings.platform_database_url, "PLATFORM_DATABASE_URL"),
    ):
        if url is not None:
            engine = make_engine(psycopg_url(url))
            check_connection(engine, name)
            engine.dispose()
    for system in SYSTEMS:
        client = connect(settings, system, attempts=2, sleep=sleep)
        if client is None:
            continue
        try:
            client.check()
        except (RateLimitedError, UnavailableError) as error:
            console.print(f"[yellow]{str(error).rstrip('.?')}.[/] Going on: its steps try again.")
        except EgressError as error:
            raise StartError(f"{str(error).rstrip('.?')}. Check {VARIABLES[system]}") from None
        finally:
            client.close()


def prepare_store(console: Console, settings: Settings, *, is_sandbox: bool) -> None:
    """Make or upgrade the store, and furnish DAGSTER_HOME; see that it is the right one, and as it should be.

    The sandbox's customers leave the embedded store when real accounts come. Raises DatabaseError and
    StartError; LedgerCopyError and SuppressionError where a backup was restored and what was erased since
    cannot be erased again.
    """
    furnish_home(settings.dagster_home)
    with closing(_claimed_store(console, settings, is_sandbox=is_sandbox)) as store:
        with store.crm.connect() as connection:
            standing = standing_of_copy(connection, settings.dagster_home)
        if standing == "older":
            _erase_again(console, settings, store)
    if standing == "another":
        aside = set_aside(settings.dagster_home)
        console.print(
            "[yellow]The copy of the suppression ledger in DAGSTER_HOME is of another database.[/] It is kept"
            f" as {aside.name}. If this database takes that one's place: `make reapply ARGS={aside}`."
        )


def _claimed_store(console: Console, settings: Settings, *, is_sandbox: bool) -> Store:
    store = open_store(settings)
    if claim_world(store.crm, is_sandbox=is_sandbox):
        return store
    store.close()
    if is_sandbox or settings.crm_database_url is not None:
        raise StartError(_THE_OTHERS[is_sandbox])
    drop_embedded(settings)
    console.print("The sandbox's invented customers are removed: the store begins empty.")
    return _claimed_store(console, settings, is_sandbox=is_sandbox)


def _erase_again(console: Console, settings: Settings, store: Store) -> None:
    # The matching is long to import, and only a restored store needs it so early.
    from pipelines.workbench import bring_up_to_copy

    if done := bring_up_to_copy(settings, store, datetime.now(UTC)):
        console.print(
            "The database is older than the copy of its suppression ledger, as after a restored backup. What"
            f" was erased and decided since is so again: {done}"
        )


def furnish_home(home: Path) -> None:
    """Give a home without settings of its own the project's: Dagster's defaults call a host outside.

    They also keep what steps print. Raises StartError when the folder cannot be written.
    """
    instance = home / "dagster.yaml"
    try:
        home.mkdir(parents=True, exist_ok=True)
        if not instance.exists():
            shutil.copyfile(PROJECT / "dagster_home" / "dagster.yaml", instance)
    except OSError as error:
        raise StartError(f"DAGSTER_HOME: {home} cannot be used ({error.strerror})") from None


@contextmanager
def history(home: Path) -> Iterator[dg.DagsterInstance]:
    """Dagster's own records in DAGSTER_HOME. Raises StartError when they cannot be opened."""
    furnish_home(home)
    # Long to import, and what is wrong before is said before.
    import dagster as dg
    import yaml

    os.environ["DAGSTER_HOME"] = str(home)
    try:
        instance = dg.DagsterInstance.get()
    except (dg.DagsterError, yaml.YAMLError) as error:
        # Dagster numbers what it finds, after what there might be and before its stack trace.
        first = re.split(r"Error 2:|Expected:|Stack Trace:", str(error).rpartition("Error 1:")[2])[0]
        raise StartError(
            f"DAGSTER_HOME: {home / 'dagster.yaml'} cannot be used. {' '.join(first.split())} Compare it with"
            " the project's in dagster_home"
        ) from None
    # Each kind of storage has errors of its own.
    except Exception:
        raise StartError(
            "DAGSTER_HOME, DAGSTER_DATABASE_URL: Dagster's own records cannot be opened. Check the URL, that"
            " its server runs, and that the folder can be written"
        ) from None
    with instance:
        yield instance


def left_out(settings: Settings) -> list[System]:
    """Systems that are not configured."""
    return [system for system in SYSTEMS if not is_configured(settings, system)]


def _seed_platform(console: Console, settings: Settings) -> None:
    """Fill the embedded platform database, so that there are IP addresses to expire."""
    if settings.platform_database_url is not None or settings.crm_database_url is not None:
        return
    from pipelines.platform_seed import seed_platform

    url = platform_admin_url(settings)
    assert url is not None, "without CRM_DATABASE_URL the platform database is embedded"
    engine = make_engine(url)
    seed_platform(engine, settings.dagster_home / "sandbox")
    engine.dispose()
