"""The answers of a customer's device: kept on disk before they are sent, told until the relay has receipted them, carried out once."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from sotto_client.connection import LinkLost
from sotto_client.own_commits import Grounds, Plan
from sotto_client.questions import RECORD, Answer, Decided, decide, parse_decisions, withdrawn
from sotto_keys.shared import strict_json
from sotto_keys.shared.dsse import parse_envelope
from sotto_keys.shared.mls.key_package import parse_key_package
from sotto_keys.shared.receipt import Receipt
from sotto_wire.frames import AnswerRequest, Recorded, Withdraw
from sotto_wire.refusals import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from sotto_client.chat import Chat
    from sotto_client.conversation import Conversation, Situation
    from sotto_client.link import Link
    from sotto_client.questions import Question
    from sotto_client.store import DeviceStore
    from sotto_keys.shared.secret import SecretSigningKey
    from sotto_wire.frames import CustomerAsked, FromRelay
    from sotto_wire.ids import Millis


class Decisions:
    """Of one conversation."""

    def __init__(
        self,
        store: DeviceStore,
        *,
        key: SecretSigningKey,
        chat: Chat,
        link: Link,
        now: Callable[[], Millis],
        entropy: Callable[[int], bytes],
    ) -> None:
        self._store, self._key, self._chat, self._link = store, key, chat, link
        self._now, self._entropy = now, entropy
        self._given_up: set[bytes] = set()
        self.all: tuple[Decided, ...] = parse_decisions(store.load(RECORD))

    def knows(self, frame: CustomerAsked) -> bool:
        """Whether it was answered already."""
        digest = parse_envelope(frame.request).digest
        return any(each.request == digest for each in self.all)

    async def answer(self, question: Question, answer: Answer) -> None:
        """Kept, and then carried out: a yes by the commit that it allows, a no by telling it."""
        conversation = self._chat.conversation
        decided = decide(question, answer, conversation, key=self._key, now=self._now(), entropy=self._entropy)
        self._keep((*self.all, decided))
        self._chat.look_again()
        await self.tell()

    async def withdraw(self, decided: Decided) -> None:
        """From here on nothing is encrypted for that device, whatever the relay answers."""
        known = next(each for each in self.all if each.digest == decided.digest)
        if known.withdrawal is None:
            ended, conversation = withdrawn(
                known, self._chat.conversation, key=self._key, now=self._now(), entropy=self._entropy
            )
            self._replace(ended)
            self._chat.changed_by(lambda _: conversation)
        await self.tell()

    def end(self, is_over: Callable[[Decided], bool]) -> None:
        """Another policy asks for more than what was given: the decision is over, and whoever came by it is put out."""
        for each in self.all:
            if each.is_alive and is_over(each):
                self._replace(msgspec.structs.replace(each, invalidated_at=self._now()))
        self._end_what_is_over()

    def _end_what_is_over(self) -> None:
        """Also where this device died between the decision and the conversation."""
        for each in self.all:
            conversation = self._chat.conversation
            is_in = any(member.under == each.digest for member in conversation.memory.members)
            if is_in and not each.is_alive and each.digest not in conversation.withdrawn:
                self._chat.changed_by(partial(_without, digest=each.digest))

    async def tell(self) -> None:
        """What the relay has not receipted yet. A refusal changes nothing that was decided here."""
        for each in self.all:
            if each.answer != "given" and each.receipt is None:
                receipt = await self._asked(self._answer_frame(each))
                self._replace(msgspec.structs.replace(each, receipt=receipt))
            if each.withdrawal is not None and each.withdrawal_receipt is None:
                receipt = await self._asked(self._withdraw_frame(each))
                self._replace(msgspec.structs.replace(each, withdrawal_receipt=receipt))

    def plan(self, conversation: Conversation, situation: Situation) -> Plan | None:
        """The Add of whom a yes lets in, once and not twice."""
        for each in self.all:
            is_in = conversation.member.group.find(each.device) is not None
            if is_in and not each.joined:
                self._replace(msgspec.structs.replace(each, joined=True))
            is_wanted = each.is_alive and each.customer_key == self._key.public and not (is_in or each.joined)
            if is_wanted and situation.now < each.expires_at and each.digest not in self._given_up:
                return Plan(
                    add=(parse_key_package(each.package),),
                    grounds=Grounds(relies_on=each.digest, decision=each.decision),
                    standing=(*conversation.terms.standing, each.digest),
                )
        return None

    def give_up(self) -> None:
        """The Add was refused for good: it is not tried again by itself."""
        self._given_up |= {each.digest for each in self.all if each.answer == "given" and not each.joined}

    def rekeyed(self, key: SecretSigningKey) -> None:
        """In the conversation's next group: a yes signed for the group before lets nobody in any more, also after a restart."""
        self._key = key

    def receipted(self, receipt: bytes) -> None:
        """The receipt for a yes comes with the commit that carried it."""
        named = strict_json.read(parse_envelope(receipt).payload, Receipt).decision_digest
        for each in self.all:
            if each.digest.hex() == named and each.receipt is None:
                self._replace(msgspec.structs.replace(each, receipt=receipt))

    def _answer_frame(self, decided: Decided) -> Callable[[int], AnswerRequest]:
        name = self._chat.conversation.id
        return lambda ref: AnswerRequest(ref=ref, conversation=name, decision=decided.decision)

    def _withdraw_frame(self, decided: Decided) -> Callable[[int], Withdraw]:
        name, signed = self._chat.conversation.id, decided.withdrawal
        assert signed is not None, "only what was withdrawn is told"
        return lambda ref: Withdraw(ref=ref, conversation=name, withdrawal=signed)

    async def _asked(self, frame: Callable[[int], AnswerRequest] | Callable[[int], Withdraw]) -> bytes | None:
        try:
            answer: FromRelay = await self._link.ask(frame)
        except (LinkLost, Refused):
            return None
        return answer.receipt if isinstance(answer, Recorded) else None

    def _replace(self, decided: Decided) -> None:
        self._keep(tuple(decided if each.digest == decided.digest else each for each in self.all))

    def _keep(self, decisions: tuple[Decided, ...]) -> None:
        self._store.save({RECORD: msgspec.msgpack.encode(list(decisions))})
        self.all = decisions


def _without(conversation: Conversation, *, digest: bytes) -> Conversation:
    """Nothing is encrypted any more for the device that came by this decision."""
    return replace(conversation, withdrawn=(*conversation.withdrawn, digest))
