"""Judging a device that the relay proposes, before it is let in: what the gate will ask of its Add, and that now is the time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sotto_keys.shared.credential import KIND_HUMAN, ROLE_AGENT
from sotto_keys.shared.mls.gate_adds import judge_device
from sotto_keys.shared.trust_chain import Freshness
from sotto_keys.shared.untrusted import Lapsed
from sotto_wire.ids import Millis

if TYPE_CHECKING:
    from sotto_client.conversation import Conversation, Situation
    from sotto_client.trust_keeper import TrustKeeper
    from sotto_keys.shared.credential import Credential
    from sotto_keys.shared.mls.key_package import KeyPackage


async def judge_answerer(
    package: KeyPackage, conversation: Conversation, situation: Situation, *, keeper: TrustKeeper
) -> Credential:
    """The credential of one of the desk's agents, by whom the organisation stands now. `Untrusted` or `Refused` otherwise."""
    await keeper.refresh()
    if keeper.freshness() is not Freshness.FRESH:
        raise Lapsed("trust")
    at = Millis(max(situation.now, conversation.memory.committed_at))
    credential = keeper.state.judge_credential(
        package.leaf.credential.identity,
        at=at,
        leaf_key=package.leaf.signature_key,
        desk=conversation.terms.desk,
        role=ROLE_AGENT,
        kind=KIND_HUMAN,
    )
    judge_device(package, trust=keeper.state, at=at)
    return credential
