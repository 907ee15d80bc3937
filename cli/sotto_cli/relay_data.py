"""The relay's data directory, as its operator's commands reach it: the same store as the relay's, also while the relay runs."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from sotto_server.adapters.clock import SystemClock
from sotto_server.adapters.store.store import open_store
from sotto_server.config import load_config
from sotto_server.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sotto_server.adapters.store.store import SqlStore
    from sotto_server.config import Config
    from sotto_server.ports import UseCase

P = ParamSpec("P")
C = TypeVar("C")
R = TypeVar("R")

SLUG = r"[a-z0-9][a-z0-9_.-]{0,63}"


def data_option(command: Callable[P, R]) -> Callable[P, R]:
    """`--data DIR`, else `SOTTO_DATA_DIR`."""
    kind = click.Path(path_type=Path, file_okay=False)
    return click.option("--data", "data", type=kind, help="Data directory; else SOTTO_DATA_DIR.")(command)


def settings(data: Path | None) -> Config:
    """The relay's settings, with this data directory; a `ClickException` says what is wrong with them."""
    try:
        config = load_config(os.environ)
    except Fault as fault:
        raise click.ClickException(str(fault)) from None
    return config if data is None else replace(config, data_dir=data.resolve())


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody with the data directory at hand."""

    config: Config
    store: SqlStore

    def commit(self, use_case: UseCase[C, R], command: C) -> R:
        """One use case, now; raises what it refuses."""
        return self.store.commit(use_case, command, SystemClock().now())

    def read(self, query: UseCase[C, R], command: C) -> R:
        """One query, now."""
        return self.store.read(query, command, SystemClock().now())


@contextmanager
def at_the_relay(data: Path | None, *, create: bool = False) -> Iterator[Operator]:
    """The data directory, opened. It must have been set up by `sotto init`, which alone passes `create`."""
    config = settings(data)
    if not create and not config.database.exists():
        raise click.ClickException(f"no relay was set up in {config.data_dir.name}: sotto init --root FILE --data DIR")
    try:
        store = open_store(config.database)
    except Fault as fault:
        raise click.ClickException(str(fault)) from None
    try:
        yield Operator(config, store)
    except Fault as fault:
        raise click.ClickException(str(fault)) from None
    finally:
        store.close()
