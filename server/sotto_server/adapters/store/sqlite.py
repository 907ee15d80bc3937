"""The database file: how it is opened, and with which promises."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, event
from sqlalchemy.pool import QueuePool

from sotto_server.adapters import migrations
from sotto_server.adapters.entropy import system_entropy
from sotto_server.faults import StoreFault

if TYPE_CHECKING:
    import sqlite3

    from sqlalchemy import Connection, Engine

_PRAGMAS: Final = (
    "PRAGMA busy_timeout = 15000",  # a command of ours may hold the lock; five seconds were too few on a loaded machine
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # an answer means it survives a power cut
    "PRAGMA secure_delete = ON",  # not every SQLite is built with it
    "PRAGMA foreign_keys = ON",
    "PRAGMA cache_size = -65536",
    "PRAGMA wal_autocheckpoint = 4000",
)


def open_engine(file: Path, *, writer: bool) -> Engine:
    """Connections to `file`: the writer's takes the write lock at once, a reader's cannot write."""
    engine = create_engine(
        f"sqlite:///{file}", poolclass=QueuePool, pool_size=1 if writer else 4, max_overflow=0 if writer else 4
    )
    event.listen(engine, "connect", _set_up if writer else _set_up_reader)
    event.listen(engine, "begin", _begin_writing if writer else _begin_reading)
    return engine


def migrate(writer: Engine, reader: Engine) -> None:
    """Bring the schema up to date. `StoreFault` for a database of a newer release."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    # Loading the revisions under the write lock would keep a running relay waiting whenever a command opens its file.
    with reader.connect() as connection:
        if MigrationContext.configure(connection).get_current_revision() == _newest(config):
            return
    with writer.connect() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except Exception as error:
            raise StoreFault(f"the database cannot be brought up to date: {error}") from error
        _name(connection)
        connection.commit()


def _name(connection: Connection) -> None:
    """A database that has none gets a number of its own, by which `wholeness` knows its log from another's."""
    if connection.exec_driver_sql("PRAGMA application_id").scalar_one() == 0:
        number = 1 + int.from_bytes(system_entropy(4), "big") % (2**31 - 1)
        connection.exec_driver_sql(f"PRAGMA application_id = {number}")


def sign_log(connection: Connection) -> None:
    """Put the first page, which holds the database's number, into the log: each commit then says whose it is (row 53).

    Without it the log of another database of the same shape passes even an integrity check. One page a batch.
    """
    connection.exec_driver_sql("PRAGMA user_version = 1")


def _newest(config: Config) -> str | None:
    return ScriptDirectory.from_config(config).get_current_head()


def create_privately(file: Path) -> None:
    """An empty file that only its owner reads; SQLite gives its companions the same mode."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        file.touch(mode=0o600)


def _set_up(connection: sqlite3.Connection, _record: object) -> None:
    # The driver must not begin transactions of its own: "begin" below does.
    connection.isolation_level = None
    for each in _PRAGMAS:
        connection.execute(each)


def _set_up_reader(connection: sqlite3.Connection, record: object) -> None:
    _set_up(connection, record)
    connection.execute("PRAGMA query_only = ON")


def _begin_writing(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_reading(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
