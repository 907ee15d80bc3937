"""Two conversations of the SDK as pure values, and the order that a relay would give to what they send. No socket."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tests.support.mls_room import agent_identity, entropy_from
from tests.vectors.trust_world import NOW, POLICY, World, key

from sotto_client.agent_keys import PREFIX, AgentKeys
from sotto_client.conversation import Conversation, Situation
from sotto_client.joining import enter
from sotto_client.notice import Notice
from sotto_client.opening import Made, Page, make_conversation
from sotto_client.outbox import seal_head, written
from sotto_client.own_commits import Grounds, Plan, with_commit
from sotto_client.receiving import receive
from sotto_client.store import DeviceStore
from sotto_client.trust_keeper import TrustKeeper
from sotto_keys.device.mls.own_key_package import OwnKeyPackage, create_key_package
from sotto_keys.device.mls.secret_bytes import SecretBytes
from sotto_keys.shared.text_forms import digest_of
from sotto_wire.claims import WelcomeBundle
from sotto_wire.codec import encode_claims
from sotto_wire.frames import ConversationCard, Envelope
from sotto_wire.ids import DeviceKey, Millis

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Literal

    from sotto_keys.device.mls.committing import PendingCommit
    from sotto_keys.shared.mls.public_group import PublicGroup

NOTICE: Final = Notice(
    controller="Kettle & Cup",
    contact="privacy@kettle.example",
    desk="Orders",
    language="en",
    paragraphs=("You'll be talking to Kettle & Cup.",),
    purpose="support",
    policy_digest=digest_of(b"a policy"),
    notice_digest=digest_of(b"notice"),
)
assert NOTICE.policy_digest == POLICY
CUSTOMER: Final = key("customer")
AGENT: Final = key("device-ana")
WEEK_S: Final = 7 * 24 * 3600


async def no_fetch() -> bytes:
    raise AssertionError("nothing is fetched here")


def believing(world: World | None = None, *, now: int = NOW) -> TrustKeeper:
    """A keeper that believes this world's documents."""
    keeper = TrustKeeper((world or World()).pinned, fetch=no_fetch, now=lambda: Millis(now))
    keeper.take((world or World()).bundle().to_bytes())
    return keeper


def opened() -> Made:
    page = Page(site="shop", desk="orders", root=World().pinned, origin="https://shop.example")
    return make_conversation(page, NOTICE, key=CUSTOMER, now=Millis(NOW), entropy=entropy_from("opening"))


def agent_keys(folder: Path, *, keeper: TrustKeeper | None = None) -> AgentKeys:
    """Ana's device with a credential and no key package."""
    store = DeviceStore.open(folder)
    entropy = entropy_from("ana")
    keys = AgentKeys("device-ana", "Ana's laptop", AGENT, store, keeper or believing(), entropy)
    keys.changed("issued", agent_identity("device-ana"))
    return keys


def offered(keys: AgentKeys) -> OwnKeyPackage:
    """A key package of Ana's device, kept as published ones are."""
    own = create_key_package(
        SecretBytes(AGENT.reveal_seed()),
        agent_identity("device-ana"),
        now=NOW // 1000,
        not_after=NOW // 1000 + WEEK_S,
        entropy=keys.entropy,
    )
    keys.store.save({PREFIX + own.public.reference().hex(): own.to_bytes()})
    return own


@dataclass
class Talk:
    """A customer, and an agent once `let_in` was called."""

    keys: AgentKeys
    made: Made = field(default_factory=opened)
    trust: TrustKeeper = field(default_factory=believing)
    seq: int = 0

    def __post_init__(self) -> None:
        self.customer: Conversation = self.made.conversation
        self._agent: Conversation | None = None

    @property
    def agent(self) -> Conversation:
        assert self._agent is not None, "nobody was let in"
        return self._agent

    @agent.setter
    def agent(self, conversation: Conversation) -> None:
        self._agent = conversation

    def of(self, me: DeviceKey, *, name: str = "now", now: int = NOW) -> Situation:
        return Situation(me=me, trust=self.trust.state, now=Millis(now), entropy=entropy_from(f"{name} {self.seq}"))

    @property
    def customers(self) -> Situation:
        return self.of(CUSTOMER.public)

    @property
    def agents(self) -> Situation:
        return self.of(AGENT.public)

    def envelope(
        self,
        kind: Literal["message", "commit", "welcome"],
        sender: DeviceKey,
        *,
        body: bytes,
        number: int = 0,
        epoch: int = 0,
    ) -> Envelope:
        self.seq += 1
        return Envelope(
            conversation=self.customer.id,
            seq=self.seq,
            group=1,
            epoch=epoch,
            kind=kind,
            sender=sender,
            number=number,
            posted_at=NOW + self.seq,
            body=body,
        )

    def card(self, **changes: object) -> ConversationCard:
        fields: dict[str, object] = {
            "conversation": self.customer.id,
            "site": "shop",
            "desk": "orders",
            "stage": "proposed",
            "group": 1,
            "epoch": 0,
            "head": self.seq,
            "since": 0,
            "last_number": 0,
            "acked": 0,
            "committed_at": 0,
            "opened_at": NOW,
            "closes_at": NOW + 24 * 3600 * 1000,
        }
        return ConversationCard(**(fields | changes))  # type: ignore[arg-type]

    def adding(self, own: OwnKeyPackage) -> Plan:
        start = self.made.record.start
        return Plan(add=(own.public,), grounds=Grounds(relies_on=digest_of(start.claims), decision=start))

    def let_in(self) -> None:
        """The customer adds Ana, adopts its commit in its place, and Ana joins by her Welcome."""
        before = self.customer.member.group
        planned = with_commit(self.customer, self.adding(offered(self.keys)), situation=self.customers)
        assert planned.pending is not None
        commit = self.envelope("commit", CUSTOMER.public, body=planned.pending.message)
        self.customer = receive(planned, commit, situation=self.customers)
        envelope = self.welcome(planned.pending, before=before)
        self.agent, _ = enter(envelope, self.card(), keys=self.keys)

    def welcome(self, pending: PendingCommit, *, before: PublicGroup) -> Envelope:
        assert pending.welcome is not None
        bundle = WelcomeBundle(pending.welcome, pending.message, before.interim_transcript_hash)
        return self.envelope("welcome", CUSTOMER.public, body=encode_claims(bundle))

    def says(self, text: str) -> Envelope:
        """The customer writes; the message in its place. The customer has not seen it there yet."""
        sealed = seal_head(written(self.customer, text, situation=self.customers), entropy=entropy_from(text))
        assert sealed is not None
        self.customer = sealed
        head = sealed.outbox[0]
        assert head.message is not None
        return self.envelope(
            "message", CUSTOMER.public, body=head.message, number=head.number, epoch=sealed.member.epoch
        )

    def agent_takes(self, envelope: Envelope) -> Conversation:
        self.agent = receive(self.agent, envelope, situation=self.agents)
        return self.agent

    def customer_takes(self, envelope: Envelope) -> Conversation:
        self.customer = receive(self.customer, envelope, situation=self.customers)
        return self.customer


def texts(conversation: Conversation) -> list[str]:
    return [each.text for each in conversation.messages]
