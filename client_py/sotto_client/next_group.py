"""The conversation's next group, at both ends: what the customer's device makes of it, and how a log goes on in it. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from sotto_client.entries import Gap, Reconnected
from sotto_client.opening import NONCE_BYTES, Made, make_group
from sotto_client.outbox import said_again
from sotto_keys.shared.decision import sign_decision
from sotto_keys.shared.mls.chain import sign_line
from sotto_wire.claims import DecisionClaims, PredecessorClaims
from sotto_wire.codec import decode_claims
from sotto_wire.ids import ConversationId, Millis, group_id
from sotto_wire.limits import GROUPS_OF_A_CONVERSATION

if TYPE_CHECKING:
    from collections.abc import Callable

    from sotto_client.conversation import Conversation, Counter
    from sotto_client.opening import CustomerRecord, Page
    from sotto_keys.shared.secret import SecretSigningKey


def may_continue(record: CustomerRecord, *, until: Millis, now: Millis) -> bool:
    """Whether there may be another group: there is a limit, and the customer's answer is repeated, never made to last longer.

    `until`: when it runs out.
    """
    return len(record.chain) + 1 < GROUPS_OF_A_CONVERSATION and now < until


def make_next_group(
    page: Page,
    record: CustomerRecord,
    *,
    epoch: int,
    until: Millis,
    old: SecretSigningKey,
    new: SecretSigningKey,
    now: Millis,
    entropy: Callable[[int], bytes],
) -> Made:
    """The group after the one of `record`, under a key of its own, with the customer's earlier answer repeated in it.

    `epoch` is the last one that this device could follow, 0 where it does not know any more; `until` is when the answer runs out.
    """
    claims = decode_claims(record.start.claims, DecisionClaims)
    repeated = msgspec.structs.replace(
        claims, customer_key=new.public, decided_at=now, expires_at=until, nonce=entropy(NONCE_BYTES)
    )
    conversation, number = ConversationId(record.conversation), len(record.chain) + 1
    line = PredecessorClaims(
        group=group_id(conversation, number),
        epoch=epoch,
        successor=group_id(conversation, number + 1),
        customer_key=new.public,
    )
    chain = [*record.chain, sign_line(line, old)]
    return make_group(page, sign_decision(repeated, new), chain=chain, key=new, entropy=entropy)


def gone_on(after: Conversation, before: Conversation, *, by: bytes, at: Millis) -> Conversation:
    """`after`, the conversation as its next group begins, with the log and everything unsaid of the one `before`.

    `by` is the device that we were there.
    """
    told = said_again(before, by=by)
    return replace(
        after,
        opened_at=before.opened_at,
        closes_at=before.closes_at,
        stage=before.stage if after.stage.value == "waiting" else after.stage,
        cursor=max(after.cursor, before.cursor),
        delivered=before.delivered,
        outbox=told.outbox,
        # What is said again by itself need not be asked about.
        unanswered=tuple(each for each in before.unanswered if each not in {one.id for one in told.outbox}),
        earlier=_furthest((*before.earlier, *before.counters)),
        answered=told.answered,
        entries=(*told.entries, Reconnected(at=at)),
        shown=before.shown,
    )


def gone_on_without_log(after: Conversation, *, at: Millis) -> Conversation:
    """The conversation as its next group begins, where this device cannot read any more what was said before."""
    return after.with_entry(Gap(at=at, seq=0), Reconnected(at=at))


def _furthest(counters: tuple[Counter, ...]) -> tuple[Counter, ...]:
    furthest: dict[bytes, Counter] = {}
    for each in counters:
        known = furthest.get(each.device)
        if known is None or known.number < each.number:
            furthest[each.device] = each
    return tuple(furthest.values())
