"""A customer as a program: from the notice, by the program's own decision, to an encrypted conversation with whoever is let in."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from sotto_client import device, keeping_open, opening, trust_keeper
from sotto_client.beginning import Beginning
from sotto_client.customer_line import CustomerLine
from sotto_client.holdings import ask_holdings
from sotto_client.keeping_open import counts_until, parse_kept_open
from sotto_client.life import Life
from sotto_client.next_group import gone_on_without_log, make_next_group, may_continue
from sotto_client.notice import policy_in_force, read_notice
from sotto_client.opening import make_conversation, parse_customer_record
from sotto_client.receipts import Kept, receipts_of
from sotto_client.relay_http import RelayHttp, socket_url
from sotto_client.sharing import answered, shareable
from sotto_client.store import DeviceStore
from sotto_client.stored_conversation import forgetting_rows, load_conversation, rows_of
from sotto_client.trust_keeper import TrustKeeper, parse_believed
from sotto_keys.shared.secret import SecretSigningKey
from sotto_keys.shared.untrusted import Malformed
from sotto_wire.ids import ConversationId, Millis
from sotto_wire.refusals import ConsentMissing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from sotto_client.chat import Chat
    from sotto_client.conversation import Conversation
    from sotto_client.entries import Message
    from sotto_client.holdings import HeldRow
    from sotto_client.keeping_open import KeptOpen
    from sotto_client.notice import Notice
    from sotto_client.opening import CustomerRecord, Page
    from sotto_client.questions import Answer, Decided, Question
    from sotto_client.sharing import Shareable
    from sotto_keys.shared.incident import Incident
    from sotto_keys.shared.mls.sweep import Reader


def system_now() -> Millis:
    """This machine's clock."""
    return Millis(time.time_ns() // 1_000_000)


@dataclass(frozen=True, slots=True)
class Means:
    """What a client needs of its machine. Tests give a clock of their own."""

    clock: Callable[[], Millis] = system_now
    entropy: Callable[[int], bytes] = field(default=os.urandom)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the program is asked: the start notice, and every later question to let somebody in."""

    agree: Callable[[Notice], bool]
    decide: Callable[[Question], Answer | None]


class Customer:
    """One conversation of one customer. `async with` it, or `stop` it: what rests on disk goes on with the next `open`."""

    def __init__(self, line: CustomerLine, begin: Beginning) -> None:
        self._line, self._begin = line, begin

    @classmethod
    async def open(
        cls,
        relay: str,
        page: Page,
        *,
        state: Path,
        agree: Callable[[Notice], bool],
        decide: Callable[[Question], Answer | None] = lambda _: None,
        means: Means | None = None,
    ) -> Self:
        """Open a conversation at `relay` (its public address), or go on with the one in the folder `state`.

        Before anything is sent the trust documents and the policy are fetched and verified from the pinned root, and `agree` is
        asked: its yes is the customer's decision to let in one person of the desk. Raises `ConsentMissing` without it (or where no
        policy is in force), `Untrusted` where the organisation cannot be confirmed, `Unavailable` without a relay,
        `BlockingIOError` where the state is in use, and the relay's refusal where it does not take the conversation.
        """
        means = means or Means()
        store = DeviceStore.open(state, entropy=means.entropy)
        life = Life()
        try:
            line, begin = await _begin(relay, page, asked=Asked(agree, decide), store=store, life=life, means=means)
            life.spawn(line.link.run())
            await life.until(lambda: line.record.group_info is None)
        except BaseException:
            await life.stop()
            store.close()
            raise
        return cls(line, begin)

    @property
    def chat(self) -> Chat:
        """The conversation as it runs."""
        return self._line.chat

    @property
    def conversation(self) -> Conversation:
        """What is known and was shown, as of now."""
        return self.chat.conversation

    @property
    def readers(self) -> tuple[Reader, ...]:
        """Who can read now, from the group's roster and the organisation's credentials."""
        return self.chat.readers

    @property
    def ahead(self) -> int:
        """How many conversations of the desk waited longer when this one was opened."""
        return self._line.record.ahead

    @property
    def desk_is_here(self) -> bool | None:
        """Whether anybody of the desk is connected while this customer waits; none before the relay has said so."""
        return self._line.desk_is_here

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """What the organisation tells the people whom a breach concerns, verified here. Showing it to a person is the program's part."""
        return self._line.incidents.all

    @property
    def receipt(self) -> bytes | None:
        """The relay's receipt for the start decision: evidence, not a gate."""
        return self._line.record.receipt

    @property
    def problem(self) -> str | None:
        """Code of what was refused last, by the relay or by our own checks, or of why newer trust documents are not believed."""
        distrusted = self._begin.keeper.distrusted
        return self.chat.problem if distrusted is None else distrusted.code

    def say(self, text: str) -> None:
        """As `Chat.say`: kept on disk when it returns. What is said before anybody was let in is encrypted after the first Add."""
        self.chat.say(text)

    async def leave_message(self) -> None:
        """Nobody is there: let in up to three devices on call. The first that reads answers; the others are removed.

        What is said is encrypted once they are in. Raises `NotFound` where nobody is on call, `WrongStage` where somebody answers.
        """
        await self._line.leave_message()

    @property
    def unanswered(self) -> tuple[Message, ...]:
        """What an agent who was revoked never answered. Nothing is sent again by itself: `resend` or `leave_unanswered` decides."""
        conversation = self.conversation
        return tuple(each for each in conversation.messages if each.is_mine and each.id in conversation.unanswered)

    def resend(self) -> None:
        """Say what was never answered again, to whoever is here now."""
        self.chat.answer_resend(wanted=True)

    def leave_unanswered(self) -> None:
        """Do not say it again, and do not ask any more."""
        self.chat.answer_resend(wanted=False)

    @property
    def shareable(self) -> tuple[Shareable, ...]:
        """Who was let in and cannot read what was said before. Nothing is shared by itself: `share_earlier` or `share_nothing` decides."""
        return shareable(self.conversation)

    def share_earlier(self, device: bytes) -> None:
        """Give that newcomer this chat so far, as this device shows it; the newest that one message holds. `WrongStage`: no question."""
        self._answer(device, wanted=True)

    def share_nothing(self, device: bytes) -> None:
        """That newcomer reads new messages only; it is not asked again."""
        self._answer(device, wanted=False)

    def _answer(self, device: bytes, *, wanted: bool) -> None:
        self.chat.changed_by(lambda now: answered(now, device, wanted=wanted, situation=self._line.situation))

    def received(self) -> AsyncIterator[Message]:
        """As `Chat.received`."""
        return self.chat.received()

    async def until(self, look: Callable[[Conversation], bool]) -> Conversation:
        """As `Chat.until`."""
        return await self.chat.until(look)

    @property
    def decisions(self) -> tuple[Decided, ...]:
        """Every question that was answered, with what was signed and receipted."""
        return self._line.decisions.all

    async def withdraw(self, decided: Decided) -> None:
        """End that decision: from here on nothing is encrypted for its device, and it is put out. Once is enough."""
        await self._line.decisions.withdraw(decided)

    async def keep_open(self) -> None:
        """Keep the chat open for up to a day from now. The call is the customer's decision, under the words of the policy's `longer_time`.

        On disk when it returns; then it is sent, again after a lost line, until `conversation.closes_at` moves. Raises `WrongStage`
        where nobody of the desk is in it, `NotOffered` without such words or under another policy than the one in force,
        `CommitNotAllowed` after the third time, `Untrusted` or `Unavailable` where the words cannot be confirmed or had.
        """
        await self._line.keep_open()

    @property
    def kept_open(self) -> tuple[KeptOpen, ...]:
        """Each such decision, with what was signed and receipted."""
        return self._line.longer.all

    async def holdings(self) -> tuple[HeldRow, ...]:
        """Every row that the relay holds about this conversation, as it says. Raises the relay's refusal, or `LinkLost`."""
        return await ask_holdings(self._line.link, self.conversation.id)

    async def receipts(self) -> bytes:
        """A file that proves every decision of this conversation by itself, for `sotto receipt verify`.

        The policy's bytes come from the relay. Raises `Unavailable` without one, `Untrusted` where the file would prove nothing.
        """
        line, keeper = self._line, self._begin.keeper
        assert keeper.believed is not None, "a conversation is opened on what is believed"
        policy = await self._begin.policy(self.conversation.terms.policy_digest.hex())
        kept = Kept(line.record, self.conversation, line.decisions.all, line.longer.all, trust=keeper.believed.bundle)
        return receipts_of(kept, policy=policy, key=line.key, now=line.relay_now())

    async def close(self) -> None:
        """End the conversation, wait for the relay's word, and erase it from this device's disk."""
        await self.chat.close()
        await self.until(lambda conversation: conversation.is_closed)

    async def stop(self) -> None:
        """Go offline. What rests on disk goes on with the next `open`."""
        await self._begin.life.stop()
        self.chat.rest()
        self._begin.store.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


async def _begin(
    relay: str, page: Page, *, asked: Asked, store: DeviceStore, life: Life, means: Means
) -> tuple[CustomerLine, Beginning]:
    http = RelayHttp(base=relay, origin=page.origin)
    keeper = TrustKeeper(page.root, fetch=http.trust_bundle, now=means.clock)
    record = store.load(opening.RECORD)
    if record is None:
        await _start(http, page, agree=asked.agree, keeper=keeper, store=store, means=means)
        record = store.load(opening.RECORD)
    else:
        believed = store.load(trust_keeper.RECORD)
        if believed is None:
            raise Malformed("a customer's state that is not whole")
        keeper.remember(parse_believed(believed))
    keeper.keep = lambda believed: store.save({trust_keeper.RECORD: believed.to_bytes()})
    seed, parsed = store.load(device.RECORD), parse_customer_record(record or b"")
    if seed is None:
        raise Malformed("a customer's state that is not whole")
    key, parsed, conversation = _rested(page, store, SecretSigningKey(seed), record=parsed, means=means)
    begin = Beginning(
        url=socket_url(relay),
        page=page,
        key=key,
        store=store,
        keeper=keeper,
        life=life,
        clock=means.clock,
        entropy=means.entropy,
        policy=http.policy,
        decide=asked.decide,
    )
    life.spawn(keeper.poll())
    return CustomerLine(begin, parsed, conversation), begin


def _rested(
    page: Page, store: DeviceStore, key: SecretSigningKey, *, record: CustomerRecord, means: Means
) -> tuple[SecretSigningKey, CustomerRecord, Conversation]:
    """As it was saved last. Where the group's state cannot be read any more, the conversation goes on in its next group."""
    name = ConversationId(record.conversation)
    with suppress(Malformed):
        conversation = load_conversation(store, name)
        if conversation is not None:
            return key, record, conversation
    now = means.clock()
    until = counts_until(record.start, parse_kept_open(store.load(keeping_open.RECORD)))
    if record.group_info is not None or not may_continue(record, until=until, now=now):
        raise Malformed("a customer's state that is not whole")
    new = SecretSigningKey(means.entropy(device.SEED_BYTES))
    made = make_next_group(page, record, epoch=0, until=until, old=key, new=new, now=now, entropy=means.entropy)
    after = gone_on_without_log(made.conversation, at=now)
    records = {opening.RECORD: made.record.to_bytes(), device.RECORD: new.reveal_seed()}
    store.save({**forgetting_rows(store, name), **rows_of(after, before=None), **records})
    return new, made.record, after


async def _start(
    http: RelayHttp,
    page: Page,
    *,
    agree: Callable[[Notice], bool],
    keeper: TrustKeeper,
    store: DeviceStore,
    means: Means,
) -> None:
    """Nothing is stored before the decision; then everything is, in one transaction, before anything is sent."""
    await keeper.fetch()
    now = means.clock()
    keeper.state.require_fresh(now)
    digest = policy_in_force(keeper.state, now=now)
    notice = read_notice(await http.policy(digest.hex()), digest=digest, desk=page.desk)
    if not agree(notice):
        raise ConsentMissing("the customer did not agree")
    key = SecretSigningKey(means.entropy(device.SEED_BYTES))
    made = make_conversation(page, notice, key=key, now=means.clock(), entropy=means.entropy)
    assert keeper.believed is not None, "fetched above"
    store.save(
        {
            **rows_of(made.conversation, before=None),
            opening.RECORD: made.record.to_bytes(),
            device.RECORD: key.reveal_seed(),
            trust_keeper.RECORD: keeper.believed.to_bytes(),
        }
    )
