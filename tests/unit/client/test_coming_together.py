"""Opening, own commits, joining and the agent's keys: how two devices come into one conversation."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace as with_fields
from tests.support.mls_room import entropy_from
from tests.support.sdk_talk import AGENT, CUSTOMER, agent_keys, believing, offered, opened
from tests.vectors.trust_world import DAY, NOW, World, trust_document

from sotto_client.agent_keys import BATCH, PREFIX, AgentKeys
from sotto_client.device import device_key, identity_of
from sotto_client.joining import enter
from sotto_client.opening import parse_customer_record
from sotto_client.own_commits import Plan, with_commit
from sotto_keys.ceremony.device_request import parse_request
from sotto_keys.shared.dsse import HELLO_TYPE, verify_compact
from sotto_keys.shared.mls.key_package import parse_key_package
from sotto_keys.shared.mls.opening_gate import Page, judge_opening
from sotto_keys.shared.untrusted import Inconsistent, Malformed
from sotto_wire.claims import Signed, WelcomeBundle
from sotto_wire.codec import encode_claims
from sotto_wire.frames import KeyPackagesHeld, PublishKeyPackages
from sotto_wire.ids import Millis
from sotto_wire.limits import KEY_PACKAGES_LOW, LAST_RESORT_LIFE_MS
from sotto_wire.refusals import BadFrame, CommitNotAllowed, NotAdmitted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.sdk_talk import Talk

    from sotto_client.link import Link
    from sotto_keys.device.mls.committing import PendingCommit
    from sotto_keys.shared.strict_json import Json
    from sotto_wire.frames import Envelope, Frame


class Directory:
    """A relay that keeps key packages."""

    def __init__(self) -> None:
        self.published: list[bytes] = []
        self.last_resort: bytes | None = None

    async def ask(self, request: Callable[[int], Frame]) -> Frame:
        frame = request(1)
        assert isinstance(frame, PublishKeyPackages)
        self.published += frame.packages
        self.last_resort = frame.last_resort
        return KeyPackagesHeld(ref=1, single_use=len(self.published))


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[AgentKeys]:
    made = agent_keys(tmp_path / "keys")
    yield made
    made.store.close()


def test_what_start_makes_passes_the_relays_own_judgement() -> None:
    record = opened().record
    assert record.group_info is not None
    page = Page(site="shop", desk="orders")
    judged = judge_opening(record.group_info, record.start, trust=believing().state, page=page, now=Millis(NOW))
    assert judged.terms.customer_key == CUSTOMER.public


def test_a_customers_record_reads_back() -> None:
    record = opened().record
    assert parse_customer_record(record.to_bytes()) == record
    with pytest.raises(Malformed):
        parse_customer_record(b"\xc1")


def test_an_add_without_grounds_does_not_pass_our_own_gate(opening: Talk) -> None:
    with pytest.raises(NotAdmitted):
        with_commit(opening.customer, Plan(add=(offered(opening.keys).public,)), situation=opening.customers)


def test_no_commit_is_dated_before_the_last_one(talk: Talk) -> None:
    ahead = with_fields(talk.customer.memory, committed_at=NOW + 60_000)
    late = replace(talk.customer, memory=ahead)
    assert with_commit(late, Plan(), situation=talk.customers).pending is not None


def welcome_of(opening: Talk) -> tuple[PendingCommit, Envelope]:
    before = opening.customer.member.group
    planned = with_commit(opening.customer, opening.adding(offered(opening.keys)), situation=opening.customers)
    assert planned.pending is not None
    return planned.pending, opening.welcome(planned.pending, before=before)


def test_a_newcomer_goes_on_counting_where_its_last_stay_ended(opening: Talk) -> None:
    _, envelope = welcome_of(opening)
    conversation, row = enter(envelope, opening.card(last_number=9), keys=opening.keys)
    assert conversation.number == 9
    assert opening.keys.store.load(row) is not None


def test_a_welcome_for_no_key_package_of_ours_is_refused(opening: Talk) -> None:
    _, envelope = welcome_of(opening)
    opening.keys.store.save(dict.fromkeys(opening.keys.store.names(PREFIX)))
    with pytest.raises(Inconsistent):
        enter(envelope, opening.card(), keys=opening.keys)


def test_a_welcome_to_another_desk_than_the_one_we_took_from_is_refused(opening: Talk) -> None:
    _, envelope = welcome_of(opening)
    with pytest.raises(CommitNotAllowed):
        enter(envelope, opening.card(desk="billing"), keys=opening.keys)


def test_a_welcome_under_another_conversations_name_is_refused(opening: Talk) -> None:
    _, envelope = welcome_of(opening)
    with pytest.raises(Inconsistent):
        enter(with_fields(envelope, conversation=bytes(16)), opening.card(), keys=opening.keys)


def test_what_is_no_welcome_is_refused(opening: Talk) -> None:
    with pytest.raises(BadFrame):
        enter(opening.envelope("welcome", CUSTOMER.public, body=b"x"), opening.card(), keys=opening.keys)
    offered(opening.keys)
    bundle = encode_claims(WelcomeBundle(b"x", b"y", bytes(32)))
    with pytest.raises(Malformed):
        enter(opening.envelope("welcome", CUSTOMER.public, body=bundle), opening.card(), keys=opening.keys)


async def test_key_packages_rest_on_disk_before_they_are_published(keys: AgentKeys) -> None:
    directory = Directory()
    await keys.refill(_as_link(directory), now=Millis(NOW))
    assert directory.last_resort is not None
    both = [*directory.published, directory.last_resort]
    assert set(keys.store.names(PREFIX)) == {PREFIX + parse_key_package(each).reference().hex() for each in both}
    assert (keys.held, keys.last_resort_until) == (BATCH, NOW + LAST_RESORT_LIFE_MS)


async def test_enough_is_enough(keys: AgentKeys) -> None:
    await keys.refill(_as_link(Directory()), now=Millis(NOW))
    directory = Directory()
    keys.holds(single_use=KEY_PACKAGES_LOW, last_resort_until=NOW + LAST_RESORT_LIFE_MS)
    await keys.refill(_as_link(directory), now=Millis(NOW))
    assert (directory.published, directory.last_resort) == ([], None)


async def test_the_last_resort_is_renewed_a_day_before_it_ends(keys: AgentKeys) -> None:
    directory = Directory()
    keys.holds(single_use=KEY_PACKAGES_LOW, last_resort_until=NOW + DAY - 1)
    await keys.refill(_as_link(directory), now=Millis(NOW))
    assert directory.published == []
    assert directory.last_resort is not None
    assert parse_key_package(directory.last_resort).is_last_resort


async def test_a_used_last_resort_is_replaced_and_keeps_its_keys_for_welcomes_still_to_come(keys: AgentKeys) -> None:
    await keys.refill(_as_link(first := Directory()), now=Millis(NOW))
    assert first.last_resort is not None
    row = PREFIX + parse_key_package(first.last_resort).reference().hex()
    assert keys.used(row) == []
    await keys.refill(_as_link(second := Directory()), now=Millis(NOW))
    assert second.last_resort not in (None, first.last_resort)
    assert keys.store.load(row) is not None


async def test_a_used_single_use_one_goes(keys: AgentKeys) -> None:
    row = PREFIX + offered(keys).public.reference().hex()
    keys.holds(single_use=1, last_resort_until=0)
    assert keys.used(row) == [row]
    assert keys.held == 0


async def test_a_device_without_a_credential_in_force_publishes_nothing(keys: AgentKeys) -> None:
    directory = Directory()
    revoked: list[Json] = [{"cred_id": "device-ana-1", "at": NOW - 1, "reason": "lost"}]
    keys.keeper.take(World().with_trust(trust_document(2, revoked=revoked)).bundle().to_bytes())
    await keys.refill(_as_link(directory), now=Millis(NOW))
    assert (directory.published, directory.last_resort) == ([], None)
    keys.changed("pending", None)
    assert keys.credential(at=Millis(NOW)) is None


async def test_private_keys_of_packages_that_ran_out_are_forgotten(keys: AgentKeys) -> None:
    old = PREFIX + offered(keys).public.reference().hex()
    await keys.refill(_as_link(Directory()), now=Millis(NOW + 10 * DAY))
    assert old not in keys.store.names(PREFIX)


def test_a_device_asks_with_its_name_and_key(keys: AgentKeys) -> None:
    request = parse_request(keys.request_code().encode())
    assert (request.person, request.device) == ("device-ana", "Ana's laptop")
    assert request.words == keys.request().words


def test_a_store_is_one_device(keys: AgentKeys) -> None:
    made = device_key(keys.store, entropy_from("device"))
    assert device_key(keys.store, entropy_from("another")).public == made.public


def test_hello_is_signed_as_hello_and_as_nothing_else() -> None:
    identity = identity_of(AGENT, role="agent", site="console", origin="https://chat.example", session="a token")
    signed = Signed(claims=b"claims", signature=identity.sign(b"claims"))
    assert verify_compact(HELLO_TYPE, signed, key=AGENT.public) == b"claims"
    assert "token" not in repr(identity)


def _as_link(directory: Directory) -> Link:
    return directory  # type: ignore[return-value]  # asks like one, in memory
