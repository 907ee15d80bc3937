"""A customer's device that asks no gate of its own: the relay lets no guest in but by a true yes, and lets a guest commit nothing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec
import pytest
from tests.support.guest_yes import LIES
from tests.support.relay_members import joined
from tests.support.relay_questions import Scene

from sotto_keys.device.mls.committing import create_commit
from sotto_keys.device.mls.create_group import group_extensions
from sotto_keys.shared.mls.group_terms import read_terms
from sotto_keys.shared.mls.key_package import parse_key_package
from sotto_wire.claims import CommitNote
from sotto_wire.codec import encode_claims
from sotto_wire.frames import Commit
from sotto_wire.refusals import CommitNotAllowed, ConsentMissing, Refused

if TYPE_CHECKING:
    from tests.support.relay_world import AgentDevice, RelayWorld

    from sotto_keys.device.mls.member import Member

GUESTS: Final[dict[str, tuple[str, dict[str, object]]]] = {
    "assistant": ("ai_assistant", {"kind": "bot", "roles": ()}),
    "reviewer": ("quality_review", {"roles": ("supervisor",)}),
    "helper": ("second_agent", {}),
}


@pytest.fixture
def scene(relay: RelayWorld) -> Scene:
    return Scene.begin(relay)


def epoch(scene: Scene) -> int:
    return scene.relay.conversation(scene.name).epoch


@pytest.mark.parametrize("lie", LIES)
def test_no_guest_comes_in_by_a_yes_that_is_not_true(scene: Scene, lie: str) -> None:
    asking = scene.ask("ai_assistant", scene.equip("steam", kind="bot"))
    decision = LIES[lie].told(asking.claims(scene, "given"), at=scene.relay.now, by=scene.customer.key)
    frame = scene.allowing(asking, decision) if decision is not None else scene.letting_in(asking)
    before = epoch(scene)
    with pytest.raises(Refused) as refused:
        scene.relay.commit(frame, scene.customer.speaker)
    assert (str(refused.value.code), epoch(scene)) == (LIES[lie].code, before)
    assert scene.ledger() == ["open", "request"]


def test_a_yes_that_was_withdrawn_lets_nobody_in_a_second_time(scene: Scene) -> None:
    steam = scene.equip("steam", kind="bot")
    asking = scene.ask("ai_assistant", steam)
    given = scene.allow(asking)
    scene.withdraw(scene.withdrawal(given))
    scene.relay.commit(scene.removing(steam, given), scene.customer.speaker)
    scene.customer.adopt()
    with pytest.raises(ConsentMissing):
        scene.relay.commit(scene.allowing(asking, given), scene.customer.speaker)


@pytest.mark.parametrize("kind", GUESTS)
def test_a_guest_commits_an_empty_path_and_nothing_else(scene: Scene, kind: str) -> None:
    moment, face = GUESTS[kind]
    guest, ben = scene.equip("guest", **face), scene.equip("ben")
    scene.allow(scene.ask(moment, guest))
    member = joined(scene.relay, scene.customer, guest)
    terms = read_terms(member.group.extensions)
    own = partial(committing, scene, guest, member)
    package = parse_key_package(ben.key_package())
    ana = member.group.find(scene.ana.key.public)
    assert ana is not None
    shorter = msgspec.structs.replace(terms, standing=terms.standing[:1])
    for frame in (
        own(CommitNote(scene.relay.now, None, scene.customer.start, None), add=[package]),
        own(remove=[ana]),
        own(remove=[0]),
        own(extensions=group_extensions(encode_claims(terms))),
        own(extensions=group_extensions(encode_claims(shorter))),
    ):
        with pytest.raises(CommitNotAllowed):
            scene.relay.commit(frame, guest.speaker)
    before = epoch(scene)
    scene.relay.commit(own(), guest.speaker)
    assert epoch(scene) == before + 1


def test_a_guest_is_not_put_out_and_its_yes_left_standing(scene: Scene) -> None:
    steam = scene.equip("steam", kind="bot")
    given = scene.allow(scene.ask("ai_assistant", steam))
    with pytest.raises(CommitNotAllowed):
        scene.relay.commit(scene.putting_out(steam), scene.customer.speaker)
    scene.relay.commit(scene.removing(steam, given), scene.customer.speaker)


def committing(
    scene: Scene, guest: AgentDevice, member: Member, note: CommitNote | None = None, **changes: object
) -> Commit:
    blank = CommitNote(committed_at=scene.relay.now, relies_on=None, decision=None, trust_version=None)
    pending = create_commit(
        member,
        authenticated_data=encode_claims(note or blank),
        entropy=guest.dice,
        **changes,  # type: ignore[arg-type]
    )
    return Commit(
        ref=1, conversation=scene.name, group=1, epoch=member.epoch, commit=pending.message, welcome=pending.welcome
    )
