"""The customer keeps a chat open longer: signed and on disk before its commit is made, tried until the relay has taken or refused it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import msgspec

from sotto_client.notice import policy_in_force
from sotto_client.own_commits import Grounds, Plan
from sotto_keys.shared import strict_json
from sotto_keys.shared.card import longer_text
from sotto_keys.shared.decision import sign_decision
from sotto_keys.shared.dsse import parse_envelope
from sotto_keys.shared.receipt import Receipt
from sotto_keys.shared.text_forms import digest_of
from sotto_keys.shared.trust_chain import Freshness
from sotto_keys.shared.untrusted import Inconsistent, Lapsed, Malformed
from sotto_wire.claims import DecisionClaims, Signed, TeamAdmission
from sotto_wire.codec import decode_claims
from sotto_wire.ids import Millis
from sotto_wire.limits import CONVERSATION_LIFE_MS, TIMES_KEPT_OPEN
from sotto_wire.refusals import CommitNotAllowed, NotOffered, WrongStage
from sotto_wire.stages import Stage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sotto_client.chat import Chat
    from sotto_client.conversation import Conversation, Situation
    from sotto_client.store import DeviceStore
    from sotto_client.trust_keeper import TrustKeeper
    from sotto_keys.shared.secret import SecretSigningKey
    from sotto_wire.ids import Digest

RECORD: Final = "kept_open"
NONCE_BYTES: Final = 16


class KeptOpen(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """One such decision, as it is kept. `paragraphs` are the exact words that it binds."""

    decision: Signed
    paragraphs: list[str]
    standing: Literal["decided", "taken", "refused"] = "decided"
    receipt: bytes | None = None

    @property
    def claims(self) -> DecisionClaims:
        return decode_claims(self.decision.claims, DecisionClaims)

    @property
    def digest(self) -> Digest:
        return digest_of(self.decision.claims)


def parse_kept_open(octets: bytes | None) -> tuple[KeptOpen, ...]:
    """What was kept, or `Malformed`."""
    if octets is None:
        return ()
    try:
        return tuple(msgspec.msgpack.decode(octets, type=list[KeptOpen]))
    except msgspec.DecodeError as error:
        raise Malformed(str(error)) from None


def counts_until(start: Signed, kept: tuple[KeptOpen, ...]) -> Millis:
    """When the customer's answer runs out: the one at the start, or what they decided since and the relay took."""
    ends = (each.claims.expires_at for each in kept if each.standing == "taken")
    return Millis(max(decode_claims(start.claims, DecisionClaims).expires_at, *ends, 0))


class KeepingOpen:
    """Of one conversation."""

    def __init__(
        self,
        store: DeviceStore,
        *,
        key: SecretSigningKey,
        chat: Chat,
        keeper: TrustKeeper,
        policy: Callable[[str], Awaitable[bytes]],
        now: Callable[[], Millis],
        entropy: Callable[[int], bytes],
    ) -> None:
        self._store, self._key, self._chat, self._keeper, self._policy = store, key, chat, keeper, policy
        self._now, self._entropy = now, entropy
        self.all: tuple[KeptOpen, ...] = parse_kept_open(store.load(RECORD))

    async def decide(self, purpose: str) -> None:
        """Sign it under the words of the policy in force and keep it; the commit follows by itself. One is under way at a time.

        `WrongStage`, `CommitNotAllowed` (often enough), `NotOffered`; `Untrusted` where trust is not fresh or the file another one.
        """
        conversation = self._chat.conversation
        if conversation.stage is not Stage.ACTIVE or conversation.is_over:
            raise WrongStage(conversation.stage)
        self._settle(conversation)
        if any(each.standing == "decided" for each in self.all):
            self._chat.look_again()
            return
        if sum(each.standing == "taken" for each in self.all) >= TIMES_KEPT_OPEN:
            raise CommitNotAllowed("kept open often enough")
        text = longer_text(await self._terms(conversation), desk=conversation.terms.desk)
        now = self._now()
        claims = DecisionClaims(
            conversation=conversation.id,
            customer_key=self._key.public,
            answer="given",
            admits=TeamAdmission(desk=conversation.terms.desk),
            purpose=purpose,
            history="new_messages",
            policy_digest=conversation.terms.policy_digest,
            notice_digest=text.digest,
            decided_at=now,
            expires_at=now + CONVERSATION_LIFE_MS,
            nonce=self._entropy(NONCE_BYTES),
            request=None,
        )
        self._keep((*self.all, KeptOpen(sign_decision(claims, self._key), list(text.paragraphs))))

    def plan(self, conversation: Conversation, situation: Situation) -> Plan | None:
        """The commit that carries it, until it stands."""
        self._settle(conversation)
        for each in self.all:
            if each.standing != "decided":
                continue
            if situation.now >= each.claims.expires_at or conversation.is_closed:
                self._replace(each, msgspec.structs.replace(each, standing="refused"))
            elif conversation.stage is Stage.ACTIVE:
                now = self._in_this_group(each, situation)
                standing = (*conversation.terms.standing, now.digest)
                return Plan(grounds=Grounds(relies_on=None, decision=now.decision), standing=standing)
        return None

    def _settle(self, conversation: Conversation) -> None:
        """What stands in the group was taken: its commit came back in the relay's order."""
        for each in self.all:
            if each.standing == "decided" and each.digest in conversation.terms.standing:
                self._replace(each, msgspec.structs.replace(each, standing="taken"))

    def failed(self, plan: Plan) -> None:
        """Refused for good: it is not tried again by itself."""
        decision = None if plan.grounds is None else plan.grounds.decision
        for each in self.all:
            if each.decision == decision:
                self._replace(each, msgspec.structs.replace(each, standing="refused"))

    def receipted(self, receipt: bytes) -> None:
        """It came with the answer to the commit; evidence, and waited for by nobody."""
        named = strict_json.read(parse_envelope(receipt).payload, Receipt).decision_digest
        for each in self.all:
            if each.digest.hex() == named and each.receipt is None:
                self._replace(each, msgspec.structs.replace(each, receipt=receipt))

    def newest(self, conversation: Conversation) -> Signed | None:
        """The decision that an Add relies on from now on; none: still the one of the start."""
        found = (each.decision for each in reversed(self.all) if each.digest in conversation.terms.standing)
        return next(found, None)

    def rekeyed(self, key: SecretSigningKey) -> None:
        """In the conversation's next group, whose customer key signs from now on."""
        self._key = key

    def _in_this_group(self, kept: KeptOpen, situation: Situation) -> KeptOpen:
        """What the group before did not take any more is signed anew, to last no longer."""
        claims = kept.claims
        if claims.customer_key == self._key.public:
            return kept
        terms = {"customer_key": self._key.public, "decided_at": situation.now, "nonce": self._entropy(NONCE_BYTES)}
        signed = sign_decision(msgspec.structs.replace(claims, **terms), self._key)
        again = msgspec.structs.replace(kept, decision=signed)
        self._replace(kept, again)
        return again

    async def _terms(self, conversation: Conversation) -> bytes:
        await self._keeper.refresh()
        if self._keeper.freshness() is not Freshness.FRESH:
            raise Lapsed("trust")
        digest = conversation.terms.policy_digest
        if policy_in_force(self._keeper.state, now=self._now()) != digest:
            raise NotOffered("another policy is in force: the next chat begins under it")
        octets = await self._policy(digest.hex())
        if digest_of(octets) != digest:
            raise Inconsistent("other bytes than the terms name")
        return octets

    def _replace(self, kept: KeptOpen, after: KeptOpen) -> None:
        self._keep(tuple(after if each is kept else each for each in self.all))

    def _keep(self, kept: tuple[KeptOpen, ...]) -> None:
        self._store.save({RECORD: msgspec.msgpack.encode(list(kept))})
        self.all = kept
        self._chat.look_again()
