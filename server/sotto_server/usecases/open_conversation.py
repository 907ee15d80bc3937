"""Take a new conversation into the queue, or a conversation's next group: the group at epoch 0 and the start decision, with a receipt."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from sotto_keys.shared.mls.opening_gate import Opening, judge_opening
from sotto_keys.shared.text_forms import digest_of
from sotto_server.domain.conversation import NOT_KEPT, Conversation, Member
from sotto_server.domain.ledger import GroupState
from sotto_server.domain.rings import Rings
from sotto_server.usecases.believed import believed
from sotto_server.usecases.continue_conversation import check_succession, continue_conversation
from sotto_server.usecases.record_decision import OPEN, Happening, record_decision
from sotto_wire.frames import OpenConversation, Opened
from sotto_wire.ids import ConversationId, DeskId, DeviceKey, Digest, Millis, SiteId
from sotto_wire.limits import CONVERSATION_LIFE_MS
from sotto_wire.refusals import CommitNotAllowed, NotFound
from sotto_wire.stages import Stage

if TYPE_CHECKING:
    from sotto_keys.shared.secret import Signer
    from sotto_server.domain.speaker import Asked
    from sotto_server.ports import Unit


@dataclass(frozen=True, slots=True)
class VerifiedOpening:
    """A frame whose group and decision hold, judged under this version of trust."""

    asked: Asked[OpenConversation]
    opening: Opening
    trust_version: int


def verify_opening(unit: Unit, asked: Asked[OpenConversation], /, *, now: Millis) -> VerifiedOpening:
    """A query, and the costly half. Refuses as `judge_opening` does, or with `NotFound` for a site or desk that is not there."""
    trust = believed(unit)
    opening = judge_opening(asked.frame.group_info, asked.frame.start, trust=trust, page=None, now=now)
    terms, by = opening.terms, asked.by
    if opening.conversation != asked.frame.conversation or terms.customer_key != by.device:
        raise CommitNotAllowed("the group of another conversation or device")
    if opening.number > 1:
        check_succession(unit, opening, digest=_digest(asked.frame))
    if terms.site != by.site or unit.site_desks.get(terms.site, terms.desk) is None:
        raise NotFound("no such desk of this site")
    return VerifiedOpening(asked=asked, opening=opening, trust_version=trust.trust.version)


def open_conversation(unit: Unit, verified: VerifiedOpening, /, *, now: Millis, signer: Signer) -> Opened:
    """Keep it. The same frame again gets the same answer; another one for the same group is `NotFound`, or `GroupOver`."""
    asked = verified.asked
    if believed(unit).trust.version != verified.trust_version:
        # Trust moved between the proof and its use: what was proven may be revoked by now.
        verified = verify_opening(unit, asked, now=now)
    digest = _digest(asked.frame)
    known = unit.mail.conversation(ConversationId(asked.frame.conversation))
    if known is not None and (known.opening, known.customer) == (digest, asked.by.device):
        conversation = known
    elif verified.opening.number > 1:
        conversation = continue_conversation(unit, verified.opening, digest=digest, now=now)
    elif known is None:
        conversation = _keep(unit, verified.opening, digest=digest, now=now)
    else:
        raise NotFound("the name is taken")
    start = asked.frame.start
    what = Happening(OPEN, conversation.id, subject=digest_of(start.claims))
    receipt = record_decision(unit, what, signed=start, now=now, signer=signer)
    card = conversation.card(asked.by.device)
    ahead = unit.mail.ahead_of(conversation) if conversation.stage is Stage.WAITING else 0
    return Opened(ref=asked.frame.ref, card=card, receipt=receipt, ahead=ahead)


def _keep(unit: Unit, opening: Opening, *, digest: Digest, now: Millis) -> Conversation:
    terms = opening.terms
    customer = DeviceKey(terms.customer_key)
    kept = unit.mail.open(
        Conversation(
            key=NOT_KEPT,
            id=opening.conversation,
            site=SiteId(terms.site),
            desk=DeskId(terms.desk),
            customer=customer,
            opening=digest,
            opened_at=now,
            closes_at=Millis(min(now + CONVERSATION_LIFE_MS, opening.start.claims.expires_at)),
            stage=Stage.WAITING,
            group=opening.number,
            epoch=0,
            head=0,
            gone=0,
            committed_at=Millis(0),
            active_at=now,
            waiting_since=now,
            proposed=None,
            reserved_at=None,
            asked_at=None,
            members=(Member(device=customer, role="customer", since=0),),
        )
    )
    public, memory = opening.group.to_bytes(), opening.memory.to_bytes()
    unit.groups.put(GroupState(conversation=kept.key, group=kept.group, public=public, memory=memory))
    unit.ring(Rings(desks=frozenset({kept.desk})))
    return kept


def _digest(frame: OpenConversation) -> Digest:
    whole = sha256(frame.group_info).digest() + sha256(frame.start.claims + frame.start.signature).digest()
    return Digest(sha256(whole).digest())
