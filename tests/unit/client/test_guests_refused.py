"""A relay that lets everything pass: both devices of a conversation still let no guest in but by a true yes, and let a guest do nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import msgspec
import pytest
from tests.support.guest_yes import LIES
from tests.support.mls_room import agent_identity, entropy_from, package_of
from tests.support.sdk_talk import AGENT, CUSTOMER, Talk
from tests.vectors.trust_world import HOUR, NOW, POLICY, key

from sotto_client.receiving import receive
from sotto_keys.device.mls.committing import create_commit
from sotto_keys.device.mls.create_group import group_extensions
from sotto_keys.device.mls.joining import join
from sotto_keys.device.mls.secret_bytes import SecretBytes
from sotto_keys.shared.decision import sign_decision
from sotto_keys.shared.text_forms import digest_of
from sotto_wire.claims import CommitNote, DecisionClaims, DeviceAdmission
from sotto_wire.codec import encode_claims

if TYPE_CHECKING:
    from collections.abc import Callable

    from sotto_client.conversation import Conversation
    from sotto_keys.device.mls.committing import PendingCommit
    from sotto_keys.device.mls.member import Member
    from sotto_keys.device.mls.own_key_package import OwnKeyPackage
    from sotto_keys.shared.strict_json import Json
    from sotto_wire.claims import Signed

BOT: Final = key("bot")
KINDS: Final[dict[str, tuple[str, dict[str, Json]]]] = {
    "assistant": ("ai_assistant", {"kind": "bot", "roles": ["bot"]}),
    "reviewer": ("quality_review", {"roles": ["supervisor"]}),
    "helper": ("support", {}),
}


def a_package(kind: str = "assistant", name: str = "bot") -> OwnKeyPackage:
    return package_of(name, agent_identity(name, **KINDS[kind][1]), entropy=entropy_from(f"package of {name}"))


def a_yes(talk: Talk, kind: str = "assistant") -> DecisionClaims:
    return DecisionClaims(
        conversation=talk.customer.id,
        customer_key=CUSTOMER.public,
        answer="given",
        admits=DeviceAdmission(credential="bot-1", leaf_key=BOT.public),
        purpose=KINDS[kind][0],
        history="new_messages",
        policy_digest=POLICY,
        notice_digest=bytes(32),
        decided_at=NOW,
        expires_at=NOW + HOUR,
        nonce=bytes(16),
        request=None,
    )


def made(
    by: Member,
    decision: Signed | None = None,
    *,
    add: OwnKeyPackage | None = None,
    remove: tuple[int, ...] = (),
    standing: Callable[[list[bytes]], list[bytes]] | None = None,
    talk: Talk,
) -> PendingCommit:
    """A commit that asked no gate."""
    terms = talk.customer.terms
    after = terms if standing is None else msgspec.structs.replace(terms, standing=standing(terms.standing))
    return create_commit(
        by,
        authenticated_data=encode_claims(
            CommitNote(committed_at=NOW, relies_on=None, decision=decision, trust_version=None)
        ),
        entropy=entropy_from(f"commit {talk.seq}"),
        add=[] if add is None else [add.public],
        remove=remove,
        extensions=None if standing is None else group_extensions(encode_claims(after)),
    )


def letting_in(talk: Talk, decision: Signed | None, *, by: Member, kind: str = "assistant") -> PendingCommit:
    if decision is None:
        return made(by, add=a_package(kind), talk=talk)
    fresh = digest_of(decision.claims)
    return made(by, decision, add=a_package(kind), standing=lambda standing: [*standing, fresh], talk=talk)


def take(talk: Talk, conversation: Conversation, pending: PendingCommit, *, sender: bytes) -> Conversation:
    """The relay delivers it, whatever it is."""
    envelope = talk.envelope("commit", sender, body=pending.message, epoch=conversation.member.epoch)  # type: ignore[arg-type]
    me = talk.customers if conversation is talk.customer else talk.agents
    return receive(conversation, envelope, situation=me)


@pytest.mark.parametrize("lie", LIES)
def test_the_agents_device_lets_no_guest_in_by_a_yes_that_is_not_true(talk: Talk, lie: str) -> None:
    decision = LIES[lie].told(a_yes(talk), at=NOW, by=CUSTOMER)
    after = take(talk, talk.agent, letting_in(talk, decision, by=talk.customer.member), sender=CUSTOMER.public)
    assert (after.broken, after.member.epoch) == (LIES[lie].code, talk.agent.member.epoch)


@pytest.mark.parametrize("lie", ["a true one", *LIES])
def test_the_customers_device_lets_no_guest_in_by_an_agents_commit(talk: Talk, lie: str) -> None:
    true = a_yes(talk)
    decision = LIES[lie].told(true, at=NOW, by=CUSTOMER) if lie in LIES else sign_decision(true, CUSTOMER)
    after = take(talk, talk.customer, letting_in(talk, decision, by=talk.agent.member), sender=AGENT.public)
    assert after.broken is not None
    assert after.member.epoch == talk.customer.member.epoch


def test_a_true_yes_lets_it_in_at_both(talk: Talk) -> None:
    with_guest(talk, "assistant")
    assert talk.customer.broken is None
    assert [each.member.group.find(BOT.public) for each in (talk.customer, talk.agent)] == [2, 2]


def test_a_yes_that_was_withdrawn_is_replayed_by_nobody_else(talk: Talk) -> None:
    with_guest(talk, "assistant")
    decision = sign_decision(a_yes(talk), CUSTOMER)
    gone = made(talk.customer.member, remove=(2,), standing=lambda standing: standing[:1], talk=talk)
    both_follow(talk, gone)
    assert talk.customer.member.group.find(BOT.public) is None
    again = letting_in(talk, decision, by=talk.agent.member)
    assert take(talk, talk.customer, again, sender=AGENT.public).broken == "commit_not_allowed"
    bare = made(talk.agent.member, decision, add=a_package(), talk=talk)
    assert take(talk, talk.customer, bare, sender=AGENT.public).broken == "not_admitted"


@pytest.mark.parametrize("kind", KINDS)
def test_a_guest_commits_an_empty_path_and_nothing_else(talk: Talk, kind: str) -> None:
    guest = with_guest(talk, kind)
    others = a_package("helper", "ben")
    for commit in (
        made(guest, talk.made.record.start, add=others, talk=talk),
        made(guest, sign_decision(a_yes(talk, kind), CUSTOMER), add=others, talk=talk),
        made(guest, remove=(1,), talk=talk),
        made(guest, remove=(0,), talk=talk),
        made(guest, standing=lambda standing: standing, talk=talk),
        made(guest, standing=lambda standing: standing[:1], talk=talk),
    ):
        for conversation in (talk.customer, talk.agent):
            after = take(talk, conversation, commit, sender=BOT.public)
            assert (after.broken, after.member.epoch) == ("commit_not_allowed", guest.epoch)
    for conversation in (talk.customer, talk.agent):
        assert take(talk, conversation, made(guest, talk=talk), sender=BOT.public).broken is None


@pytest.mark.parametrize("leaves", [True, False])
def test_a_guest_that_is_put_out_and_its_yes_left_standing_is_not_followed(talk: Talk, *, leaves: bool) -> None:
    with_guest(talk, "assistant")
    same = (lambda standing: standing) if leaves else None
    commit = made(talk.customer.member, remove=(2,), standing=same, talk=talk)
    assert take(talk, talk.agent, commit, sender=CUSTOMER.public).broken == "commit_not_allowed"


def with_guest(talk: Talk, kind: str) -> Member:
    """Let in by a true yes; the agent's device and the customer's follow."""
    own = a_package(kind)
    pending = letting_in(talk, sign_decision(a_yes(talk, kind), CUSTOMER), by=talk.customer.member, kind=kind)
    both_follow(talk, pending)
    assert pending.welcome is not None
    return join(pending.welcome, own, signing_key=SecretBytes(BOT.reveal_seed()))


def both_follow(talk: Talk, pending: PendingCommit) -> None:
    envelope = talk.envelope("commit", CUSTOMER.public, body=pending.message, epoch=talk.customer.member.epoch)
    talk.customer = replace(talk.customer, pending=pending)
    talk.customer_takes(envelope)
    talk.agent_takes(envelope)
    assert (talk.customer.broken, talk.agent.broken) == (None, None)
