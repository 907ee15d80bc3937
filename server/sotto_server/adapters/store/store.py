"""The store on SQLAlchemy: one writer connection, readers on their own. SQLite's embedded file is the default."""

from __future__ import annotations

import sqlite3
import threading
from typing import TYPE_CHECKING, Final, TypeVar

from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from sotto_server.adapters.outcome import Ended, Once
from sotto_server.adapters.store.overlay import Overlay
from sotto_server.adapters.store.sqlite import create_privately, migrate, open_engine, sign_log
from sotto_server.adapters.store.unit import SqlUnit
from sotto_server.adapters.store.wholeness import check_log_belongs
from sotto_server.faults import StoreFault

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy import Connection, Engine

    from sotto_server.ports import Job, Outcome, UseCase
    from sotto_wire.ids import Millis

C = TypeVar("C")
R = TypeVar("R")
FRESH: Final = -1
"""The data version before the first look: not anybody's write."""


def open_store(file: Path) -> SqlStore:
    """The store in `file`, created and migrated as needed. `StoreFault` when it cannot be opened."""
    try:
        create_privately(file)
        check_log_belongs(file)
        writer, reader = open_engine(file, writer=True), open_engine(file, writer=False)
        migrate(writer, reader)
        return SqlStore(writer, reader)
    except (OSError, SQLAlchemyError) as error:
        raise StoreFault(f"{file.name} cannot be opened: {error}") from error


class SqlStore:
    """See `ports.Store`. `run` may be called from any one thread at a time; `read` from any."""

    def __init__(self, writer: Engine, reader: Engine) -> None:
        self._engine, self._reader = writer, reader
        self._connection = writer.connect()
        self._turn = threading.Lock()
        self._overlay = Overlay()
        self._data_version = FRESH
        self._others_wrote = False
        self._writable = True

    @property
    def is_writable(self) -> bool:
        return self._writable

    def run(self, batch: Sequence[Job]) -> list[Outcome]:
        with self._turn:
            self._probe_if_down()
            try:
                return self._transaction(batch)
            except IntegrityError:
                # A constraint is the alarm, never the decision: run the batch's use cases one transaction each.
                return [self._alone(each) for each in batch]

    def commit(self, use_case: UseCase[C, R], command: C, now: Millis) -> R:
        once = Once(use_case, command, now, [])
        (outcome,) = self.run([once])
        if outcome.error is not None:
            raise outcome.error
        return once.answers[0]

    def read(self, query: UseCase[C, R], command: C, now: Millis) -> R:
        try:
            with self._reader.connect() as connection, connection.begin():
                return query(SqlUnit(connection, Overlay()), command, now=now)
        except SQLAlchemyError as error:
            raise StoreFault(f"reading: {error}") from error

    def others_wrote(self) -> bool:
        try:
            with self._turn:
                self._forget_if_others_wrote()
                wrote, self._others_wrote = self._others_wrote, False
                return wrote
        except (sqlite3.Error, SQLAlchemyError) as error:
            raise StoreFault(f"looking: {error}") from error

    def close(self) -> None:
        """Give the file back: the write-ahead log is emptied, so that nothing deleted stays readable in it."""
        with self._turn:
            self._connection.close()
            self._engine.dispose()
            self._reader.dispose()

    def _transaction(self, batch: Sequence[Job]) -> list[Outcome]:
        connection = self._connection
        try:
            with connection.begin():
                self._forget_if_others_wrote()
                before = _changes(connection)
                outcomes: list[Outcome] = [self._job(each, connection) for each in batch]
                self._overlay.flush(connection)
                if _changes(connection) != before:
                    sign_log(connection)
            self._overlay.trim()
        except SQLAlchemyError as error:
            self._overlay.forget()
            if isinstance(error, IntegrityError):
                raise
            self._writable = False
            raise StoreFault(f"committing: {error}") from error
        except BaseException:
            self._overlay.forget()
            raise
        return outcomes

    def _job(self, job: Job, connection: Connection) -> Ended:
        unit = SqlUnit(connection, self._overlay)
        try:
            result = job.run(unit)
        except SQLAlchemyError:
            raise
        except Exception as error:  # noqa: BLE001 - a refusal, or a bug of one use case: it must not cost its neighbours theirs
            unit.undo()
            return Ended(error=error)
        return Ended(result=result, rings=unit.accept())

    def _alone(self, job: Job) -> Outcome:
        try:
            return self._transaction([job])[0]
        except IntegrityError as error:
            return Ended(error=StoreFault(f"constraint: {error.orig}"))

    def _probe_if_down(self) -> None:
        """After a failed commit nothing is taken until an empty write transaction has committed."""
        if self._writable:
            return
        try:
            with self._connection.begin():
                self._connection.exec_driver_sql("CREATE TABLE probe (unused INTEGER)")
                self._connection.exec_driver_sql("DROP TABLE probe")
        except SQLAlchemyError as error:
            raise StoreFault(f"still down: {error}") from error
        self._writable = True

    def _forget_if_others_wrote(self) -> None:
        """The command line may write to the same file while the relay runs. Asked past SQLAlchemy, which would begin a transaction."""
        driver = self._connection.connection.driver_connection
        assert driver is not None
        version = int(driver.execute("PRAGMA data_version").fetchone()[0])
        if version != self._data_version:
            self._others_wrote = self._data_version != FRESH
            self._overlay.forget()
            self._data_version = version


def _changes(connection: Connection) -> int:
    """Rows changed by this connection so far: a batch in which everything was refused writes nothing, and costs no fsync."""
    driver = connection.connection.driver_connection
    assert driver is not None
    return int(driver.total_changes)
