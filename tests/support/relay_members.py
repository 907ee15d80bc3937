"""Agents' devices as members of the group that a `RelayWorld` keeps: joining by the stored Welcome, commits of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace
from tests.support.relay_world import NOW

from sotto_keys.device.mls.committing import create_commit
from sotto_keys.device.mls.joining import is_for, join
from sotto_keys.device.mls.secret_bytes import SecretBytes
from sotto_wire.claims import CommitNote, WelcomeBundle
from sotto_wire.codec import decode_claims, encode_claims
from sotto_wire.frames import Commit

if TYPE_CHECKING:
    from tests.support.relay_world import AgentDevice, CustomerDevice, RelayWorld

    from sotto_keys.device.mls.member import Member
    from sotto_keys.shared.mls.key_package import KeyPackage
    from sotto_server.domain.mailbox import StoredEnvelope
    from sotto_server.ports import Unit
    from sotto_wire.ids import ConversationId, DeviceKey, Millis


def envelopes(relay: RelayWorld, name: ConversationId, reader: DeviceKey) -> list[StoredEnvelope]:
    key = relay.conversation(name).key
    return relay.see(
        lambda unit, one, now: unit.mail.envelopes(key, reader=one, after=0, until=99, limit=99),  # noqa: ARG005
        reader,
    )


def joined(relay: RelayWorld, customer: CustomerDevice, device: AgentDevice) -> Member:
    welcome = decode_claims(envelopes(relay, customer.conversation, device.key.public)[-1].body, WelcomeBundle)
    own = next(each for each in device.packages if is_for(welcome.welcome, each))
    return join(welcome.welcome, own, signing_key=SecretBytes(device.key.reveal_seed()))


def put_on_offer(unit: Unit, offered: tuple[ConversationId, DeviceKey], /, *, now: Millis) -> None:  # noqa: ARG001 - a use case
    """As if the device had accepted to take the conversation over."""
    name, device = offered
    conversation = unit.mail.conversation(name)
    assert conversation is not None
    unit.mail.keep(replace(conversation, proposed=device))


def agent_commit(
    member: Member,
    customer: CustomerDevice,
    device: AgentDevice,
    *,
    add: KeyPackage | None = None,
    remove: int | None = None,
) -> Commit:
    decision = None if add is None else customer.start
    note = encode_claims(CommitNote(committed_at=NOW, relies_on=None, decision=decision, trust_version=None))
    made = create_commit(
        member,
        authenticated_data=note,
        entropy=device.dice,
        add=[] if add is None else [add],
        remove=[] if remove is None else [remove],
    )
    return Commit(
        ref=1,
        conversation=customer.conversation,
        group=1,
        epoch=member.epoch,
        commit=made.message,
        welcome=made.welcome,
    )
