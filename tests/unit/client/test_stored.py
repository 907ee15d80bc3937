from __future__ import annotations

import os
import stat
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.support.mls_room import entropy_from
from tests.support.sdk_talk import CUSTOMER, texts

from sotto_client.outbox import seal_head, written
from sotto_client.own_commits import Plan, with_commit
from sotto_client.store import DeviceStore
from sotto_client.stored_conversation import erasing_rows, load_conversation, rows_of, stored_conversations
from sotto_keys.shared.untrusted import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.sdk_talk import Talk

    from sotto_client.conversation import Conversation


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DeviceStore]:
    opened = DeviceStore.open(tmp_path / "device")
    yield opened
    opened.close()


def kept(store: DeviceStore, conversation: Conversation) -> Conversation:
    store.save(rows_of(conversation, before=None))
    found = load_conversation(store, conversation.id)
    assert found is not None
    return found


def test_a_conversation_reads_back_as_it_was(talk: Talk, store: DeviceStore) -> None:
    talk.agent_takes(talk.says("My lid is cracked"))
    sealed = seal_head(written(talk.agent, "Sorry!", situation=talk.agents), entropy=entropy_from("s"))
    assert sealed is not None
    planned = with_commit(sealed, Plan(), situation=talk.agents)
    assert kept(store, planned) == planned


def test_what_was_read_back_goes_on(talk: Talk, store: DeviceStore) -> None:
    talk.agent = kept(store, talk.agent)
    assert texts(talk.agent_takes(talk.says("After a restart"))) == ["After a restart"]


def test_a_message_costs_one_row_more(talk: Talk, store: DeviceStore) -> None:
    store.save(rows_of(talk.agent, before=None))
    before = talk.agent
    after = talk.agent_takes(talk.says("One more"))
    assert len(rows_of(after, before=before)) == 2


def test_what_is_erased_is_gone(talk: Talk, store: DeviceStore) -> None:
    store.save(rows_of(talk.agent, before=None))
    assert stored_conversations(store) == [talk.agent.id]
    store.save(erasing_rows(talk.agent))
    assert store.names("") == []
    assert load_conversation(store, talk.agent.id) is None


def test_a_missing_entry_is_noticed(talk: Talk, store: DeviceStore) -> None:
    store.save(rows_of(talk.agent, before=None))
    store.save(dict.fromkeys(store.names("entry.")))
    with pytest.raises(Malformed):
        load_conversation(store, talk.agent.id)


@pytest.mark.parametrize("prefix", ["conversation.", "entry."])
def test_damage_is_noticed(talk: Talk, store: DeviceStore, *, prefix: str) -> None:
    store.save(rows_of(talk.agent, before=None))
    store.save(dict.fromkeys(store.names(prefix), b"\xc1"))
    with pytest.raises(Malformed):
        load_conversation(store, talk.agent.id)


def test_the_broken_and_the_old_are_remembered(talk: Talk, store: DeviceStore) -> None:
    old = replace(talk.customer, is_old=True, broken="removed", shown=1, delivered=2)
    assert kept(store, old) == old


def test_rows_are_sealed_on_disk(talk: Talk, store: DeviceStore, tmp_path: Path) -> None:
    store.save(rows_of(written(talk.customer, "a secret lid", situation=talk.customers), before=None))
    on_disk = b"".join(path.read_bytes() for path in (tmp_path / "device").iterdir())
    assert b"a secret lid" not in on_disk
    assert CUSTOMER.reveal_seed() not in on_disk


def test_a_row_under_another_name_is_refused(store: DeviceStore) -> None:
    store.save({"one": b"1", "two": b"2"})
    store._database.execute("UPDATE sealed SET body = (SELECT body FROM sealed WHERE name = 'one') WHERE name = 'two'")
    with pytest.raises(Malformed):
        store.load("two")


def test_all_changes_of_one_save_happen_or_none(store: DeviceStore) -> None:
    store.save({"one": b"1"})
    with pytest.raises(TypeError):
        store.save({"one": b"2", "two": "not bytes"})  # type: ignore[dict-item]
    assert (store.load("one"), store.load("two")) == (b"1", None)


def test_one_state_serves_one_program_at_a_time(store: DeviceStore, tmp_path: Path) -> None:
    store.save({"one": b"1"})
    with pytest.raises(BlockingIOError):
        DeviceStore.open(tmp_path / "device")


def test_the_next_program_finds_what_the_last_one_saved(store: DeviceStore, tmp_path: Path) -> None:
    store.save({"one": b"1"})
    store.close()
    again = DeviceStore.open(tmp_path / "device")
    assert again.load("one") == b"1"
    again.close()


def test_a_sealing_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    DeviceStore.open(tmp_path / "device").close()
    key = tmp_path / "device" / "sealing.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    key.chmod(0o644)
    with pytest.raises(PermissionError):
        DeviceStore.open(tmp_path / "device")


def test_a_sealing_key_of_another_length_is_refused(tmp_path: Path) -> None:
    DeviceStore.open(tmp_path / "device").close()
    with os.fdopen(os.open(tmp_path / "device" / "sealing.key", os.O_WRONLY | os.O_TRUNC), "wb") as key:
        key.write(b"short")
    with pytest.raises(Malformed):
        DeviceStore.open(tmp_path / "device")
