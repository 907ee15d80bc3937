"""What only a database file can show: restarts, other writers, full disks, and what lies in the file."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, cast

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from msgspec.structs import replace
from sqlalchemy.exc import OperationalError
from tests.support.relay_people import (
    CUSTOMER,
    NOW,
    TALK,
    Waiting,
    a_conversation,
    a_post,
    agent,
    an_ack,
    look,
    open_it,
)

from sotto_server.adapters.store.schema import metadata
from sotto_server.adapters.store.sqlite import open_engine
from sotto_server.adapters.store.store import SqlStore, open_store
from sotto_server.domain.desk import Site
from sotto_server.faults import StoreFault
from sotto_server.usecases.acknowledge import acknowledge
from sotto_server.usecases.post_envelope import post_envelope
from sotto_wire.ids import DeviceKey, Millis, SiteId
from sotto_wire.stages import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sotto_server.ports import Unit, UseCase


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "sotto.db"


@pytest.fixture
def store(file: Path) -> Iterator[SqlStore]:
    opened = open_store(file)
    yield opened
    opened.close()


def job(use_case: object, command: object) -> Waiting:
    return Waiting(cast("UseCase[object, object]", use_case), command)


def add_site(unit: Unit, name: str, /, *, now: Millis) -> None:
    unit.sites.put(Site(site=SiteId(name), added_at=now))


def test_everything_acknowledged_is_there_after_a_restart(file: Path, store: SqlStore) -> None:
    kept = store.commit(open_it, a_conversation(), NOW)
    posted = store.commit(post_envelope, a_post(1), NOW)
    store.close()
    again = open_store(file)
    found = again.read(look, TALK, NOW)
    assert found is not None
    assert (found.key, found.head) == (kept.key, posted.seq)
    again.close()


def test_a_repeated_post_is_answered_the_same_after_a_restart(file: Path, store: SqlStore) -> None:
    store.commit(open_it, a_conversation(), NOW)
    first = store.commit(post_envelope, a_post(1), NOW)
    store.run([job(acknowledge, an_ack(1)), job(acknowledge, an_ack(1, by=agent()))])
    store.close()
    again = open_store(file)
    assert again.commit(post_envelope, a_post(1), Millis(NOW + 9)) == first
    again.close()


def test_what_a_list_finds_after_a_restart_can_be_changed(file: Path, store: SqlStore) -> None:
    store.commit(open_it, a_conversation(), NOW)
    store.close()
    again = open_store(file)
    again.commit(close_all_of, CUSTOMER, NOW)
    found = again.read(look, TALK, NOW)
    assert found is not None
    assert found.stage is Stage.CLOSED
    again.close()


def close_all_of(unit: Unit, device: DeviceKey, /, *, now: Millis) -> None:  # noqa: ARG001 - a use case
    for each in unit.mail.of_device(device):
        unit.mail.keep(replace(each, stage=Stage.CLOSED))


def test_what_another_process_wrote_is_seen(file: Path, store: SqlStore) -> None:
    store.commit(open_it, a_conversation(), NOW)
    other = open_store(file)
    other.commit(post_envelope, a_post(1), NOW)
    assert store.commit(post_envelope, a_post(2), NOW).seq == 2
    other.close()


def test_the_migrations_build_exactly_the_schema(store: SqlStore, file: Path) -> None:
    store.commit(add_site, "shop", NOW)
    engine = open_engine(file, writer=False)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_only_its_owner_reads_the_file(file: Path, store: SqlStore) -> None:
    store.commit(add_site, "shop", NOW)
    for each in file.parent.iterdir():
        assert stat.S_IMODE(each.stat().st_mode) == 0o600, each.name


def test_a_query_cannot_write(store: SqlStore) -> None:
    with pytest.raises(StoreFault):
        store.read(add_site, "shop", NOW)


def test_a_full_disk_answers_nobody_and_the_store_recovers_when_there_is_room(store: SqlStore) -> None:
    store.commit(open_it, a_conversation(), NOW)
    store.commit(post_envelope, a_post(1), NOW)
    _pages(store, 1)
    large = a_post(2)
    with pytest.raises(StoreFault):
        store.run([job(add_site, f"{'s' * 9000}{number}") for number in range(9)] + [job(post_envelope, large)])
    assert not store.is_writable
    with pytest.raises(StoreFault):
        store.run([job(add_site, f"{'s' * 9000}{number}") for number in range(9)])
    _pages(store, 2**30)
    assert store.commit(post_envelope, large, NOW).seq == 2
    assert store.is_writable


def _pages(store: SqlStore, count: int) -> None:
    driver = store._connection.connection.driver_connection
    assert driver is not None
    driver.execute(f"PRAGMA max_page_count = {count}")


def test_deleted_ciphertext_is_not_left_in_the_closed_file(file: Path, store: SqlStore) -> None:
    store.commit(open_it, a_conversation(), NOW)
    store.commit(post_envelope, a_post(1), NOW)
    store.run([job(acknowledge, an_ack(1)), job(acknowledge, an_ack(1, by=agent()))])
    store.close()
    assert all(b"sealed" not in each.read_bytes() for each in file.parent.iterdir())


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Dear Ada, " * 500)
    with pytest.raises(StoreFault):
        open_store(file)
    assert file.read_text() == "Dear Ada, " * 500


def test_a_database_of_a_newer_release_is_refused(file: Path, store: SqlStore) -> None:
    store.close()
    engine = open_engine(file, writer=True)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    with pytest.raises(StoreFault):
        open_store(file)


def test_the_write_lock_of_another_is_waited_for(file: Path, store: SqlStore) -> None:
    engine = open_engine(file, writer=True)
    with engine.connect() as connection, connection.begin():
        store._connection.connection.driver_connection.execute("PRAGMA busy_timeout = 1")  # type: ignore[union-attr]
        with pytest.raises(StoreFault):
            store.commit(add_site, "shop", NOW)
    engine.dispose()
    store.commit(add_site, "shop", NOW)


def test_a_command_that_opens_the_file_needs_no_write_lock(file: Path, store: SqlStore) -> None:
    store.commit(add_site, "shop", NOW)
    engine = open_engine(file, writer=True)
    with engine.connect() as connection, connection.begin():
        second = open_store(file)
        second.close()
    engine.dispose()


def test_a_schema_error_is_a_fault_not_a_refusal(store: SqlStore) -> None:
    def misspell(unit: Unit, _: None, /, *, now: Millis) -> None:  # noqa: ARG001
        raise OperationalError("SELECT", {}, Exception("disk I/O error"))

    with pytest.raises(StoreFault):
        store.commit(misspell, None, NOW)
    store.commit(add_site, "shop", NOW)


def test_a_thread_that_is_stopped_in_the_middle_keeps_no_memory(store: SqlStore) -> None:
    def stop(unit: Unit, _: None, /, *, now: Millis) -> None:  # noqa: ARG001
        raise KeyboardInterrupt

    store.commit(open_it, a_conversation(), NOW)
    with pytest.raises(KeyboardInterrupt):
        store.run([job(post_envelope, a_post(1)), job(stop, None)])
    assert store.commit(post_envelope, a_post(1), NOW).seq == 1


def test_memory_between_batches_is_bounded(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sotto_server.adapters.store.overlay.KNOWN_AT_MOST", 0)
    store.commit(open_it, a_conversation(), NOW)
    assert store.commit(post_envelope, a_post(1), NOW).seq == 1
    assert store.commit(post_envelope, a_post(2), NOW).seq == 2
