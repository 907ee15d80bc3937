"""What a Welcome makes of an agent's device: the conversation as joined, after it judged its own admission. Pure but for reading rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sotto_client.conversation import Conversation
from sotto_client.entries import Coming
from sotto_keys.device.mls.joining import join
from sotto_keys.device.mls.secret_bytes import SecretBytes
from sotto_keys.shared.mls.commit_gate import read_note
from sotto_keys.shared.mls.opening_gate import Page
from sotto_keys.shared.mls.parsed_commit import parse_commit
from sotto_keys.shared.mls.welcome_gate import judge_welcome
from sotto_keys.shared.untrusted import Inconsistent
from sotto_wire.claims import WelcomeBundle
from sotto_wire.codec import decode_claims
from sotto_wire.ids import Millis
from sotto_wire.stages import Stage

if TYPE_CHECKING:
    from sotto_client.agent_keys import AgentKeys
    from sotto_wire.frames import ConversationCard, Envelope


def enter(envelope: Envelope, card: ConversationCard, *, keys: AgentKeys) -> tuple[Conversation, str]:
    """The conversation, and the row of the key package that was used up.

    Raises `Refused` or `Untrusted` where we were not let in as the rules ask (docs/protocol.md 3.2); then nothing is kept.
    """
    bundle = decode_claims(envelope.body, WelcomeBundle)
    answering = keys.answering(bundle.welcome)
    if answering is None:
        raise Inconsistent("a Welcome for no key package of ours")
    row, own = answering
    member = join(bundle.welcome, own, signing_key=SecretBytes(keys.key.reveal_seed()))
    page = Page(site=card.site, desk=card.desk)
    joined = judge_welcome(member.group, bundle, own=keys.key.public, trust=keys.keeper.state, page=page)
    if joined.conversation != envelope.conversation:
        raise Inconsistent("the group of another conversation")
    at = joined.memory.committed_at
    me = next(each for each in joined.readers if each.device == keys.key.public)
    name = "" if me.credential is None else me.credential.name
    conversation = Conversation(
        id=joined.conversation,
        member=member,
        memory=joined.memory,
        opened_at=Millis(card.opened_at),
        closes_at=Millis(card.closes_at),
        group=joined.number,
        stage=Stage.ACTIVE,
        cursor=envelope.seq,
        number=card.last_number,
        admission=read_note(parse_commit(bundle.commit)).decision,
        entries=(Coming(device=keys.key.public, name=name, at=at, seq=envelope.seq),),
    )
    return conversation, row
