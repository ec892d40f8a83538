"""What assets work with: the store and the clients of the configured sources, opened when first used."""

from datetime import UTC, datetime
from typing import Any

import dagster as dg
from pydantic import PrivateAttr

from connectors.client import Client
from pipelines.settings import Settings, load_settings
from pipelines.sources.clients import connect
from pipelines.sources.reading import Desk
from pipelines.store.database import Store
from pipelines.workbench import found_names, make_desk, open_current_store
from schemas.payloads.base import System
from schemas.tables.platform import PlatformNames


class Workbench(dg.ConfigurableResource):
    """Settings, store and clients of one run. All configuration comes from the environment (.env.example)."""

    _settings: Settings | None = PrivateAttr(default=None)
    _store: Store | None = PrivateAttr(default=None)
    _clients: dict[System, Client | None] = PrivateAttr(default_factory=dict)

    @property
    def settings(self) -> Settings:
        """The checked configuration. Raises ConfigurationError."""
        if self._settings is None:
            self._settings = load_settings()
        return self._settings

    @property
    def store(self) -> Store:
        """The open, migrated store, in which erasures, holds and restrictions stand. Raises DatabaseError."""
        if self._store is None:
            self._store = open_current_store(self.settings)
        return self._store

    @property
    def platform_names(self) -> PlatformNames:
        """What the registration system calls its tables and columns."""
        assert self.store.platform is not None, "asked for only where there is a platform database"
        return found_names(self.store.platform, self.settings.platform_names)

    @property
    def desk(self) -> Desk:
        """Where pages are landed."""
        return make_desk(self.settings, self.store, datetime.now(UTC))

    def client(self, system: System) -> Client | None:
        """The client of a source, None where it is not configured."""
        if system not in self._clients:
            self._clients[system] = connect(self.settings, system)
        return self._clients[system]

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Close what was opened, and end the sessions at the sources."""
        for client in self._clients.values():
            if client is not None:
                client.close()
        if self._store is not None:
            self._store.close()


class NoFiles(dg.ConfigurableIOManager):
    """Refuses to store an asset's value: it would be pickled into DAGSTER_HOME, personal data and all."""

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Accept nothing but None."""
        if obj is not None:
            raise dg.Failure(
                description=f"{context.asset_key.to_user_string()} returned a value: write to the store and"
                " return a MaterializeResult",
                allow_retries=False,
            )

    def load_input(self, context: dg.InputContext) -> None:
        """Assets read from the store, never from each other's values."""


@dg.definitions
def resources() -> dg.Definitions:
    """The resources by the names that assets ask for."""
    return dg.Definitions(resources={"workbench": Workbench(), "io_manager": NoFiles()})
