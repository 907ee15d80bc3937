from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace as with_fields
from tests.support.sdk_talk import believing, no_fetch
from tests.vectors.trust_world import DAY, HOUR, NOW, World, trust_document

from sotto_client.trust_keeper import RECENT_MS, Believed, TrustKeeper, parse_believed
from sotto_keys.shared.trust_chain import Freshness
from sotto_keys.shared.untrusted import Malformed, Replayed
from sotto_wire.ids import Millis
from sotto_wire.refusals import Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

OLD = World()
NEW = World().with_trust(trust_document(2, issued=NOW - HOUR))


def serving(*bundles: bytes) -> Callable[[], Awaitable[bytes]]:
    """A relay that shows one bundle after the other, and then nothing."""
    left = list(bundles)

    async def fetch() -> bytes:
        if not left:
            raise Unavailable("gone")
        return left.pop(0)

    return fetch


def test_a_newer_belief_is_kept_before_it_is_told() -> None:
    heard: list[str] = []
    keeper = believing()
    keeper.keep = lambda believed: heard.append(f"kept {believed.memory.trust_version}")
    keeper.changed = lambda: heard.append("told")
    keeper.take(NEW.bundle().to_bytes())
    keeper.take(NEW.bundle().to_bytes())
    assert heard == ["kept 2", "told"]


def test_an_older_document_changes_nothing_and_is_told() -> None:
    heard: list[bool] = []
    keeper = believing(NEW)
    keeper.changed = lambda: heard.append(True)
    with pytest.raises(Replayed):
        keeper.take(OLD.bundle().to_bytes())
    assert (keeper.state.trust.version, keeper.distrusted is not None, heard) == (2, True, [True])
    keeper.take(NEW.bundle().to_bytes())
    assert keeper.distrusted is None


def test_what_was_kept_is_believed_without_asking_anybody() -> None:
    believed = believing(NEW).believed
    assert believed is not None
    keeper = TrustKeeper(NEW.pinned, fetch=no_fetch, now=lambda: Millis(NOW))
    keeper.remember(parse_believed(believed.to_bytes()))
    assert keeper.state.trust.version == 2
    with pytest.raises(Replayed):
        keeper.take(OLD.bundle().to_bytes())


def test_what_was_kept_under_another_root_is_forgotten() -> None:
    believed = believing().believed
    assert believed is not None
    other = TrustKeeper(OLD.pinned, fetch=no_fetch, now=lambda: Millis(NOW))
    other.remember(Believed(bundle=b"unread", memory=with_fields(believed.memory, pinned=b"x" * 32)))
    other.take(OLD.bundle().to_bytes())
    assert other.state.trust.version == 1


def test_damage_is_noticed() -> None:
    with pytest.raises(Malformed):
        parse_believed(b"\xc1")


async def test_a_look_a_moment_ago_is_recent() -> None:
    now = [NOW]
    keeper = TrustKeeper(
        OLD.pinned,
        fetch=serving(OLD.bundle().to_bytes(), NEW.bundle().to_bytes()),
        now=lambda: Millis(now[0]),
    )
    await keeper.fetch()
    await keeper.refresh()
    assert keeper.state.trust.version == 1
    now[0] += RECENT_MS
    await keeper.refresh()
    assert keeper.state.trust.version == 2


async def test_a_relay_that_does_not_answer_leaves_things_as_they_are() -> None:
    keeper = TrustKeeper(OLD.pinned, fetch=serving(OLD.bundle().to_bytes()), now=lambda: Millis(NOW))
    await keeper.fetch()
    await keeper.refresh(force=True)
    assert keeper.state.trust.version == 1


def test_trust_ages() -> None:
    assert believing(now=NOW).freshness() is Freshness.FRESH
    assert believing(now=NOW + 29 * DAY).freshness() is Freshness.GRACE
    assert believing(now=NOW + 29 * DAY + HOUR).freshness() is Freshness.EXPIRED
