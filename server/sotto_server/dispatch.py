"""From a frame to its use case: what writes goes through the committer, what only reads goes to a reader thread.

Proofs (of `hello`, openings, commits, key packages) are checked before the committer, so they do not hold up messages.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar, assert_never

from sotto_server.domain.limits import Window
from sotto_server.domain.speaker import Asked, Speaker
from sotto_server.usecases.acknowledge import acknowledge
from sotto_server.usecases.answer_request import answer_request
from sotto_server.usecases.ask_customer import ask_customer
from sotto_server.usecases.candidates import find_candidates
from sotto_server.usecases.close_conversation import close_conversation
from sotto_server.usecases.colleagues import list_colleagues
from sotto_server.usecases.collect import Collecting, collect
from sotto_server.usecases.commit_change import commit_change
from sotto_server.usecases.complain import complain
from sotto_server.usecases.end_by_policy import end_by_policy
from sotto_server.usecases.enrol_device import enrol_device
from sotto_server.usecases.follow import follow
from sotto_server.usecases.greet import Greeting, greet_agent, greet_customer
from sotto_server.usecases.hand_off import call_off, hand_off
from sotto_server.usecases.leave_message import choose_on_call, leave_message
from sotto_server.usecases.open_conversation import open_conversation, verify_opening
from sotto_server.usecases.post_envelope import post_envelope
from sotto_server.usecases.presence import who_looks
from sotto_server.usecases.publish_documents import Documents, prove_documents, publish_documents
from sotto_server.usecases.publish_key_packages import publish_key_packages, verify_key_packages
from sotto_server.usecases.show_documents import TrustStanding, show_policy, show_trust, show_trust_standing
from sotto_server.usecases.show_holdings import show_holdings
from sotto_server.usecases.sign_in import use_sign_in
from sotto_server.usecases.sweep import SLICE, Swept, sweep
from sotto_server.usecases.take import take
from sotto_server.usecases.verify_commit import verify_commit
from sotto_server.usecases.verify_hello import verify_hello
from sotto_server.usecases.watch_queue import watch_queue
from sotto_server.usecases.withdraw import withdraw
from sotto_wire.frames import (
    Acknowledge,
    AnswerRequest,
    AskCustomer,
    CallOff,
    CloseConversation,
    Commit,
    Complain,
    EnrolDevice,
    FindCandidates,
    Follow,
    HandOff,
    Hello,
    LeaveMessage,
    ListColleagues,
    OpenConversation,
    Post,
    PublishKeyPackages,
    ShowHoldings,
    Take,
    WatchQueue,
    Withdraw,
)
from sotto_wire.limits import CONVERSATIONS_PER_HOUR_PER_ADDRESS, HOLDINGS_PER_MINUTE, MESSAGES_PER_10_S
from sotto_wire.refusals import NotSignedIn, WrongPhase

if TYPE_CHECKING:
    from sotto_keys.shared.secret import Signer
    from sotto_server.committer import Committer
    from sotto_server.domain.rings import Rings
    from sotto_server.domain.speaker import Collected, Interest
    from sotto_server.ports import Clock, Entropy, PolicyReader, Presence, Store, UseCase
    from sotto_server.session import Session
    from sotto_wire.frames import Committed, Frame, FromClient, Opened, Welcomed
    from sotto_wire.ids import Digest, Millis

C = TypeVar("C")
R = TypeVar("R")
READERS: Final = 2
SECOND_MS: Final = 1000
MINUTE_MS: Final = 60 * SECOND_MS
HOUR_MS: Final = 60 * MINUTE_MS
PUBLISHINGS_PER_MINUTE_PER_ADDRESS: Final = 30
"""Officers publish a few documents a day; whoever sends more makes us check signatures for nothing."""
TOUCH_EVERY_MS: Final = 5 * 60 * 1000
"""How often an agent's use of its sign-in is written down: a sixth of the idle limit."""


class Dispatch:
    """Everything a socket may ask. Raises `Refused`, `Untrusted` or `Fault`; what an exception means outside is the edge's table."""

    def __init__(
        self,
        *,
        store: Store,
        committer: Committer,
        clock: Clock,
        signer: Signer,
        presence: Presence,
        entropy: Entropy,
        policies: PolicyReader,
        console_origins: frozenset[str],
    ) -> None:
        self._store, self._committer, self._clock, self._presence = store, committer, clock, presence
        self._commit_change = partial(commit_change, signer=signer)
        self._open_conversation = partial(open_conversation, signer=signer)
        self._ask_customer = partial(ask_customer, signer=signer, entropy=entropy, policies=policies)
        self._find_candidates = partial(find_candidates, policies=policies, presence=presence)
        self._answer_request = partial(answer_request, signer=signer)
        self._withdraw = partial(withdraw, signer=signer)
        self._end_by_policy = partial(end_by_policy, signer=signer, policies=policies)
        self._sweep = partial(sweep, signer=signer)
        self._newcomers = Window(count=CONVERSATIONS_PER_HOUR_PER_ADDRESS, length_ms=HOUR_MS)
        # By device, not by socket: whoever connects again does not begin to count again.
        self._posts = Window(count=MESSAGES_PER_10_S, length_ms=10 * SECOND_MS)
        self._shows = Window(count=HOLDINGS_PER_MINUTE, length_ms=MINUTE_MS)
        self._publishers = Window(count=PUBLISHINGS_PER_MINUTE_PER_ADDRESS, length_ms=MINUTE_MS)
        self._proving = asyncio.Semaphore(1)
        self._console_origins = console_origins
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="reader")
        self._touched: dict[bytes, Millis] = {}

    def close(self) -> None:
        """End the reader threads."""
        self._readers.shutdown(wait=True)

    async def greet(self, hello: Hello, session: Session) -> tuple[Speaker, Welcomed]:
        """Who speaks, proven, and the answer. Refuses with `NotSignedIn` or `BadFrame`; every proof is checked first."""
        now = self._clock.now()
        by = verify_hello(hello, session=session)
        if by.role == "agent":
            if by.origin not in self._console_origins:
                raise NotSignedIn("an agent from the origin of no console")
            greeting: Greeting = await self._committer.submit(greet_agent, by, now)
        else:
            greeting = await self.read(greet_customer, by, now)
        return greeting.speaker, greeting.welcomed

    async def perform(  # noqa: C901, PLR0912 - a table of frames, a line or two each
        self, frame: FromClient, who: Speaker, now: Millis
    ) -> list[Frame]:
        """Carry out one request; the frames that answer it. What writes takes its place in the order before it waits."""
        self._touch(who, now)
        match frame:
            case Post():
                return [await self._post(Asked(frame, who), now)]
            case Acknowledge():
                await self._committer.submit(acknowledge, Asked(frame, who), now)
                return []
            case Follow():
                return [await self.read(follow, Asked(frame, who), now)]
            case Complain():
                return [await self._committer.submit(complain, Asked(frame, who), now)]
            case CloseConversation():
                return [await self._committer.submit(close_conversation, Asked(frame, who), now)]
            case LeaveMessage():
                return [await self._leave(Asked(frame, who), now)]
            case EnrolDevice():
                return [await self._committer.submit(enrol_device, Asked(frame, who), now)]
            case WatchQueue() | ShowHoldings():
                return [await self._show(frame, who, now)]
            case Commit():
                return [await self._commit(Asked(frame, who), now)]
            case OpenConversation():
                return [await self._open(Asked(frame, who), now)]
            case Take():
                return [await self._committer.submit(take, Asked(frame, who), now)]
            case PublishKeyPackages():
                verified = await self.read(verify_key_packages, Asked(frame, who), now)
                return [await self._committer.submit(publish_key_packages, verified, now)]
            case ListColleagues() | HandOff() | CallOff():
                return [await self._hand_over(frame, who, now)]
            case FindCandidates() | AskCustomer() | AnswerRequest() | Withdraw():
                return [await self._question(frame, who, now)]
            case Hello():
                raise WrongPhase("second hello")
            case _:
                assert_never(frame)

    async def _post(self, asked: Asked[Post], now: Millis) -> Frame:
        self._posts.take(asked.by.device.hex(), now=now)
        return await self._committer.submit(post_envelope, asked, now)

    async def _show(self, frame: WatchQueue | ShowHoldings, who: Speaker, now: Millis) -> Frame:
        if isinstance(frame, WatchQueue):
            return await self.read(watch_queue, Asked(frame, who), now)
        self._shows.take(who.device.hex(), now=now)
        return await self.read(show_holdings, Asked(frame, who), now)

    async def _leave(self, asked: Asked[LeaveMessage], now: Millis) -> Frame:
        leaving = await self.read(choose_on_call, asked, now)
        return await self._committer.submit(leave_message, leaving, now)

    async def _question(
        self, frame: FindCandidates | AskCustomer | AnswerRequest | Withdraw, who: Speaker, now: Millis
    ) -> Frame:
        match frame:
            case FindCandidates():
                return await self.read(self._find_candidates, Asked(frame, who), now)
            case AskCustomer():
                return await self._committer.submit(self._ask_customer, Asked(frame, who), now)
            case AnswerRequest():
                return await self._committer.submit(self._answer_request, Asked(frame, who), now)
            case Withdraw():
                return await self._committer.submit(self._withdraw, Asked(frame, who), now)
            case _:
                assert_never(frame)

    async def collect(self, interest: Interest, who: Speaker, now: Millis) -> Collected:
        """What a line asks for. `NotSignedIn` when the agent's sign-in is over."""
        return await self.read(collect, Collecting(interest, who, self._presence), now)

    async def who_looks(self, came_or_went: Speaker) -> Rings:
        """Whom it concerns that this device is connected, or no longer."""
        return await self.read(who_looks, came_or_went, self._clock.now())

    async def prove(self, documents: Documents, address: str | None, now: Millis) -> None:
        """All the proofs of `publish`, on one reader at most: anybody may send documents. Refuses as it does, or with `TooFast`."""
        if address is not None:
            self._publishers.take(address, now=now)
        async with self._proving:
            await self.read(prove_documents, documents, now)

    async def publish(self, documents: Documents, now: Millis) -> None:
        """Verify and keep, all or nothing. Refuses with `NotNewer`, `Unavailable`, or any kind of `Untrusted`."""
        await self._committer.submit(publish_documents, documents, now)

    async def trust_bundle(self, now: Millis) -> bytes:
        """What `GET /v1/trust` answers; `NotFound` before the first trust document."""
        return await self.read(show_trust, None, now)

    async def policy(self, digest: Digest, now: Millis) -> bytes:
        """The policy file with this digest, or `NotFound`."""
        return await self.read(show_policy, digest, now)

    async def trust_standing(self, now: Millis) -> TrustStanding:
        """Whether clients would believe what is served now."""
        return await self.read(show_trust_standing, None, now)

    async def sweep(self, now: Millis) -> Swept:
        """One slice of what time ends. Also the probe by which a store that failed finds out that it works again."""
        return await self._committer.submit(self._sweep, SLICE, now)

    async def end_by_policy(self, now: Millis) -> int:
        """After another policy came into force: how many decisions ended with the old one."""
        return await self._committer.submit(self._end_by_policy, None, now)

    async def read(self, query: UseCase[C, R], command: C, now: Millis) -> R:
        """A query on a reader thread."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._store.read, query, command, now)

    async def _commit(self, asked: Asked[Commit], now: Millis) -> Committed:
        verified = await self.read(verify_commit, asked, now)
        return await self._committer.submit(self._commit_change, verified, now)

    async def _open(self, asked: Asked[OpenConversation], now: Millis) -> Opened:
        if asked.by.address is not None:
            self._newcomers.take(asked.by.address, now=now)
        verified = await self.read(verify_opening, asked, now)
        return await self._committer.submit(self._open_conversation, verified, now)

    async def _hand_over(self, frame: ListColleagues | HandOff | CallOff, who: Speaker, now: Millis) -> Frame:
        match frame:
            case ListColleagues():
                there = partial(list_colleagues, presence=self._presence)
                return await self.read(there, Asked(frame, who), now)
            case HandOff():
                offer = partial(hand_off, presence=self._presence)
                return await self._committer.submit(offer, Asked(frame, who), now)
            case CallOff():
                return await self._committer.submit(call_off, Asked(frame, who), now)

    def _touch(self, who: Speaker, now: Millis) -> None:
        if who.token_digest is None or now < self._touched.get(who.token_digest, -TOUCH_EVERY_MS) + TOUCH_EVERY_MS:
            return
        self._touched = {name: at for name, at in self._touched.items() if now < at + TOUCH_EVERY_MS}
        self._touched[who.token_digest] = now
        # Who is no longer signed in hears it at the line's next look, which closes the socket.
        self._committer.submit(use_sign_in, who, now).add_done_callback(_hear_refusal)


def _hear_refusal(answer: asyncio.Future[None]) -> None:
    if not answer.cancelled():
        answer.exception()
