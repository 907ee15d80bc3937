"""A thief with a device's whole key store, at every moment that it ever rested on disk, and every envelope of the conversation.

It keeps no rules: it judges nothing, follows every commit, and tries every private key it holds on every sealed secret.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sotto_client.agent_keys import PREFIX
from sotto_client.store import DeviceStore
from sotto_client.stored_conversation import load_conversation
from sotto_keys.device.mls.application_messages import decrypt
from sotto_keys.device.mls.committing import adopt_commit
from sotto_keys.device.mls.hpke import decrypt_with_label, key_pair
from sotto_keys.device.mls.kdf import ZERO, check_tag
from sotto_keys.device.mls.key_schedule import epoch_after, joiner_secret
from sotto_keys.device.mls.own_key_package import OwnKeyPackage
from sotto_keys.device.mls.path_secrets import LABEL, climb
from sotto_keys.device.mls.processing import process_commit
from sotto_keys.device.payload import Payload, Shared
from sotto_keys.shared.mls.parsed_commit import parse_commit
from sotto_keys.shared.untrusted import Untrusted
from sotto_wire.codec import decode_claims

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pytest

    from sotto_client import Chat, Customer
    from sotto_client.conversation import Conversation
    from sotto_keys.device.mls.member import Member
    from sotto_keys.device.mls.processing import Processed
    from sotto_keys.device.mls.secret_bytes import SecretBytes
    from sotto_wire.frames import Envelope
    from sotto_wire.ids import ConversationId

PROBES: Final = 1000
"""More copies than a test makes; a test that makes more should say less."""


@dataclass
class Thief:
    """Copies a device's folder after each change of its store."""

    store: DeviceStore
    into: Path
    copies: list[Path] = field(default_factory=list)

    @classmethod
    def at(cls, store: DeviceStore, into: Path, monkeypatch: pytest.MonkeyPatch) -> Thief:
        thief, save = cls(store, into), DeviceStore.save

        def saved(self: DeviceStore, changes: Mapping[str, bytes | None]) -> None:
            save(self, changes)
            if self is store:
                thief.copy()

        monkeypatch.setattr(DeviceStore, "save", saved)
        thief.copy()
        return thief

    def copy(self) -> None:
        """With the log of the last transactions and the sealing key: all there is."""
        assert len(self.copies) < PROBES
        (_, _, file), *_ = self.store._database.execute("PRAGMA database_list")
        into = self.into / f"{len(self.copies):04d}"
        shutil.copytree(Path(file).parent, into)
        self.copies.append(into)

    def reads(self, name: ConversationId, envelopes: Sequence[Envelope]) -> list[Loot]:
        """What each copy that knows the conversation gives away."""
        found = [_loot(copy, name, envelopes) for copy in self.copies]
        return [each for each in found if each is not None]


@dataclass
class Loot:
    """What one copy gave away."""

    epoch: int
    """In which the copy was made."""
    texts: list[str] = field(default_factory=list)
    sealed_tried: int = 0
    """Secrets of a commit that no key opened."""


def overheard(side: Customer, monkeypatch: pytest.MonkeyPatch) -> list[Envelope]:
    """Everything that the relay delivers to the customer from now on: all that is sent in the conversation but welcomes."""
    heard: list[Envelope] = []
    chat: Chat = side.chat
    take = chat.take_envelope

    async def taking(envelope: Envelope) -> None:
        heard.append(envelope)
        await take(envelope)

    monkeypatch.setattr(chat, "take_envelope", taking)
    return heard


def _loot(copy: Path, name: ConversationId, envelopes: Sequence[Envelope]) -> Loot | None:
    store = DeviceStore.open(copy)
    try:
        conversation = load_conversation(store, name)
        packages = [OwnKeyPackage.from_bytes(store.load(each) or b"") for each in store.names(PREFIX)]
    finally:
        store.close()
    if conversation is None:
        return None
    loot = Loot(epoch=conversation.member.epoch)
    spare = [key for each in packages for key in (each.init_key, each.encryption_key)]
    member = conversation.member
    for envelope in envelopes:
        if envelope.seq > conversation.cursor:
            member = _read(member, envelope, loot, conversation=conversation, spare=spare)
    return loot


def _read(
    member: Member, envelope: Envelope, loot: Loot, *, conversation: Conversation, spare: Sequence[SecretBytes]
) -> Member:
    try:
        if envelope.kind == "message":
            member, opened = decrypt(member, envelope.body)
            body = decode_claims(opened.content, Payload).body
            loot.texts.extend([] if isinstance(body, Shared) else [body.text])
            return member
        pending = conversation.pending
        if pending is not None and pending.message == envelope.body:
            return adopt_commit(member, pending)
        processed = process_commit(member, envelope.body)
    except Untrusted:
        return member
    if processed.member is not None:
        return processed.member
    _break_in(member, processed, loot, tag=parse_commit(envelope.body).confirmation_tag, spare=spare)
    return member


def _break_in(member: Member, processed: Processed, loot: Loot, *, tag: bytes, spare: Sequence[SecretBytes]) -> None:
    """The Remove of this very device: no key opens its path, and no guess at the next epoch's secret is right."""
    staged = processed.staged
    path = staged.commit.path
    assert path is not None
    guesses = [ZERO]  # a commit without a path could be followed by whoever it removes
    keys, context = [*spare, *member.node_keys.values()], staged.provisional.encode()
    for key, sealed in product(keys, (each for node in path.nodes for each in node.sealed)):
        try:
            opened = decrypt_with_label(key_pair(key), LABEL, context=context, sealed=sealed)
        except Untrusted:
            loot.sealed_tried += 1
        else:
            guesses += [climb(opened, rungs).commit_secret for rungs in range(len(path.nodes) + 1)]
    for guess in guesses:
        joiner = joiner_secret(member.secrets.init, guess, context=staged.context)
        epoch = epoch_after(joiner, ZERO, context=staged.context)
        try:
            check_tag(epoch.secrets.confirmation_key, staged.context.confirmed_transcript_hash, found=tag)
        except Untrusted:
            continue
        raise AssertionError("the removed device has the next epoch's secret")
