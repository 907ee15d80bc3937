"""An organisation, a customer's device and agents' devices with real keys, in front of a store: what use cases are tested on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Final, TypeVar

from tests.support.relay_people import look
from tests.vectors.trust_world import DAY, HOUR, POLICY, World, credential, credential_document, key, trust_document

from sotto_keys.device.mls.application_messages import encrypt
from sotto_keys.device.mls.committing import PendingCommit, adopt_commit, create_commit
from sotto_keys.device.mls.create_group import create_group, group_extensions
from sotto_keys.device.mls.own_key_package import OwnKeyPackage, create_key_package
from sotto_keys.device.mls.secret_bytes import SecretBytes
from sotto_keys.shared.decision import sign_decision
from sotto_keys.shared.mls.chain import sign_line
from sotto_keys.shared.mls.group_terms import customer_identity
from sotto_keys.shared.mls.key_package import parse_key_package
from sotto_server.domain.speaker import Asked, Speaker
from sotto_server.usecases.administer import NewAgent, NewSite, add_agent, add_site
from sotto_server.usecases.commit_change import commit_change
from sotto_server.usecases.enrol_device import enrol_device
from sotto_server.usecases.greet import Greeting, greet_agent
from sotto_server.usecases.open_conversation import VerifiedOpening, open_conversation, verify_opening
from sotto_server.usecases.publish_documents import Documents, anchor_root, publish_documents
from sotto_server.usecases.publish_key_packages import publish_key_packages, verify_key_packages
from sotto_server.usecases.sign_in import VerifiedPassword, sign_in
from sotto_server.usecases.sweep import Swept, sweep
from sotto_server.usecases.take import take
from sotto_server.usecases.verify_commit import verify_commit
from sotto_wire.claims import (
    CommitNote,
    DecisionClaims,
    GroupTerms,
    Predecessor,
    PredecessorClaims,
    Signed,
    TeamAdmission,
)
from sotto_wire.codec import encode_claims
from sotto_wire.frames import (
    Commit,
    Committed,
    EnrolDevice,
    Frame,
    KeyPackagesHeld,
    OpenConversation,
    Opened,
    Post,
    PublishKeyPackages,
    Take,
    Taken,
)
from sotto_wire.ids import AgentId, ConversationId, DeskId, DeviceKey, Millis, SiteId, group_id

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sotto_keys.device.mls.member import Member
    from sotto_keys.shared.secret import SecretSigningKey
    from sotto_keys.shared.strict_json import Json
    from sotto_server.domain.conversation import Conversation
    from sotto_server.ports import Store, Unit, UseCase

C = TypeVar("C")
R = TypeVar("R")
F = TypeVar("F", bound=Frame)

NOW: Final = Millis(1_800_000_000_000)
MINUTE: Final = 60 * 1000
DESK: Final = DeskId("orders")
SITE: Final = SiteId("shop")
SHOP: Final = "https://shop.example"
CONSOLE: Final = "https://relay.example"


class Dice:
    """Bytes that look random and are the same in every run."""

    def __init__(self, name: str) -> None:
        self._name, self._thrown = name, 0

    def __call__(self, count: int, /) -> bytes:
        out = b""
        while len(out) < count:
            self._thrown += 1
            out += sha256(f"{self._name} {self._thrown}".encode()).digest()
        return out[:count]


@dataclass
class CustomerDevice:
    """A customer's browser, as far as the relay meets it."""

    name: str = "customer"
    at: Millis = NOW
    desk: str = DESK
    before: CustomerDevice | None = None
    """The device whose group this one continues."""
    policy: bytes = POLICY
    conversation: ConversationId = field(init=False)
    member: Member = field(init=False)
    start: Signed = field(init=False)
    pending: PendingCommit | None = None

    def __post_init__(self) -> None:
        named = ConversationId(sha256(b"conversation of " + self.name.encode()).digest()[:16])
        self.conversation = named if self.before is None else self.before.conversation
        self.dice = Dice(self.name)
        self.start = self.decide()
        self.member = self._group()

    @property
    def key(self) -> SecretSigningKey:
        return key(self.name)

    @property
    def speaker(self) -> Speaker:
        return Speaker(role="customer", device=self.key.public, site=SITE, origin=SHOP, address=None)

    @property
    def number(self) -> int:
        """Of its group in the chain."""
        return 1 if self.before is None else self.before.number + 1

    def chain(self) -> list[Predecessor]:
        """The lines of the groups before, the last one signed by the device before for this one."""
        if self.before is None:
            return []
        claims = PredecessorClaims(
            group=group_id(self.conversation, self.before.number),
            epoch=self.before.member.epoch,
            successor=group_id(self.conversation, self.number),
            customer_key=self.key.public,
        )
        return [*self.before.chain(), sign_line(claims, self.before.key)]

    def claims(self) -> DecisionClaims:
        return DecisionClaims(
            conversation=self.conversation,
            customer_key=self.key.public,
            answer="given",
            admits=TeamAdmission(desk=self.desk),
            purpose="support",
            history="new_messages",
            policy_digest=self.policy,
            notice_digest=sha256(b"notice").digest(),
            decided_at=self.at,
            expires_at=self.at + 24 * HOUR,
            nonce=self.dice(16),
            request=None,
        )

    def decide(self) -> Signed:
        return sign_decision(self.claims(), self.key)

    def terms(self) -> GroupTerms:
        return GroupTerms(
            version=1,
            root=World().pinned,
            site=SITE,
            desk=self.desk,
            customer_key=self.key.public,
            recovery_key=None,
            policy_digest=self.policy,
            chain=self.chain(),
            standing=[sha256(self.start.claims).digest()],
        )

    def opening(self, ref: int = 1) -> OpenConversation:
        info = self.member.group_info().to_message()
        return OpenConversation(ref=ref, conversation=self.conversation, group_info=info, start=self.start)

    def commit(
        self, *packages: bytes, remove: Iterable[DeviceKey] = (), at: Millis | None = None, ref: int = 1
    ) -> Commit:
        """A commit for the current epoch: Adds of these key packages under the start decision, Removes of these devices."""
        found = [self.member.group.find(each) for each in remove]
        note = CommitNote(
            committed_at=self.at if at is None else at,
            relies_on=None,
            decision=self.start if packages else None,
            trust_version=None,
        )
        self.pending = create_commit(
            self.member,
            authenticated_data=encode_claims(note),
            entropy=self.dice,
            add=[parse_key_package(each) for each in packages],
            remove=[each for each in found if each is not None],
        )
        return Commit(
            ref=ref,
            conversation=self.conversation,
            group=self.number,
            epoch=self.member.epoch,
            commit=self.pending.message,
            welcome=self.pending.welcome,
        )

    def adopt(self) -> None:
        assert self.pending is not None
        self.member = adopt_commit(self.member, self.pending)

    def post(self, number: int) -> Post:
        self.member, message = encrypt(self.member, b"\x00" * 300, entropy=self.dice)
        return Post(
            ref=number,
            conversation=self.conversation,
            group=self.number,
            epoch=self.member.epoch,
            number=number,
            message=message,
        )

    def _group(self) -> Member:
        seed = SecretBytes(self.key.reveal_seed())
        now = self.at // 1000
        own = create_key_package(
            seed, customer_identity(self.key.public), now=now, not_after=now + DAY // 1000, entropy=self.dice
        )
        extensions = group_extensions(encode_claims(self.terms()))
        return create_group(
            group_id(self.conversation, self.number), own, signing_key=seed, extensions=extensions, entropy=self.dice
        )


@dataclass
class AgentDevice:
    """An agent's console, as far as the relay meets it."""

    agent: str = "ana"
    device: str = "device-ana"
    desks: tuple[str, ...] = (DESK,)
    kind: str = "human"
    roles: tuple[str, ...] = ("agent",)
    packages: list[OwnKeyPackage] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dice = Dice(self.device)

    @property
    def key(self) -> SecretSigningKey:
        return key(self.device)

    @property
    def speaker(self) -> Speaker:
        return Speaker(
            role="agent",
            device=self.key.public,
            site=SiteId("console"),
            origin=CONSOLE,
            address=None,
            agent=AgentId(self.agent),
            token_digest=sha256(self.agent.encode()).digest(),
        )

    def credential(self, signers: str = "issuing-a") -> bytes:
        document = credential_document(self.device, cred_id=f"{self.device}-1", person=self.agent)
        face: dict[str, Json] = {
            "desks": list(self.desks),
            "kind": self.kind,
            "roles": list(self.roles),
            "name": self.agent.title(),
        }
        return credential(document | face, signers)

    def key_package(self, *, last_resort: bool = False, at: Millis = NOW) -> bytes:
        own = create_key_package(
            SecretBytes(self.key.reveal_seed()),
            self.credential(),
            now=at // 1000,
            not_after=(at + 7 * DAY) // 1000,
            entropy=self.dice,
            last_resort=last_resort,
        )
        self.packages.append(own)
        return own.public.to_message()


def _offered(unit: Unit, conversation: ConversationId, /, *, now: Millis) -> bytes:  # noqa: ARG001 - a query
    kept = unit.mail.conversation(conversation)
    assert kept is not None
    offer = unit.offers.get(kept.key)
    assert offer is not None
    return offer.package


class RelayWorld:
    """A relay's store set up with the organisation, one site and its desk; requests as frames, answers as frames."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = NOW
        self.signer = key("statement-a")
        world = World()
        self.do(anchor_root, world.roots[0])
        self.do(publish_documents, Documents(trust=world.trust, policies=(b"a policy",)))
        self.do(add_site, NewSite(site=SITE, origins=(SHOP,), desks=(DESK,)))

    def do(self, use_case: UseCase[C, R], command: C) -> R:
        return self.store.commit(use_case, command, self.now)

    def see(self, query: UseCase[C, R], command: C) -> R:
        return self.store.read(query, command, self.now)

    def hire(self, device: AgentDevice) -> Greeting:
        """An agent with a sign-in and a device that said hello."""
        name = AgentId(device.agent)
        self.do(add_agent, NewAgent(agent=name, name=device.agent.title(), password="$hash", desks=(DESK,)))
        digest = device.speaker.token_digest
        assert digest is not None
        self.do(sign_in, VerifiedPassword(agent=name, password="$hash", token_digest=digest))
        return self.greet(device)

    def greet(self, device: AgentDevice) -> Greeting:
        return self.do(greet_agent, replace(device.speaker, agent=None))

    def equip(self, device: AgentDevice, *, packages: int = 2) -> KeyPackagesHeld:
        """Hire, enrol, issue a credential, publish key packages."""
        self.hire(device)
        self.do(enrol_device, Asked(EnrolDevice(ref=1, label="laptop"), device.speaker))
        self.do(publish_documents, Documents(credentials=(device.credential(),)))
        made = [device.key_package(at=self.now) for _ in range(packages)]
        return self.publish(device, made, device.key_package(last_resort=True, at=self.now))

    def publish(self, device: AgentDevice, packages: list[bytes], last_resort: bytes | None = None) -> KeyPackagesHeld:
        frame = PublishKeyPackages(ref=1, packages=packages, last_resort=last_resort)
        verified = self.see(verify_key_packages, Asked(frame, device.speaker))
        return self.do(publish_key_packages, verified)

    def open(self, customer: CustomerDevice, frame: OpenConversation | None = None) -> Opened:
        return self.do_open(self.see(verify_opening, Asked(frame or customer.opening(), customer.speaker)))

    def do_open(self, verified: VerifiedOpening) -> Opened:
        """The second half: what was found goes to the committer."""
        return self.do(partial(open_conversation, signer=self.signer), verified)

    def sweep(self, limit: int) -> Swept:
        return self.do(partial(sweep, signer=self.signer), limit)

    def take(self, device: AgentDevice, conversation: ConversationId | None = None) -> Taken:
        return self.do(take, Asked(Take(ref=1, desk=DESK, conversation=conversation), device.speaker))

    def commit(self, frame: Commit, by: Speaker) -> Committed:
        verified = self.see(verify_commit, Asked(frame, by))
        return self.do(partial(commit_change, signer=self.signer), verified)

    def ask(self, use_case: UseCase[Asked[F], R], frame: F, by: Speaker) -> R:
        return self.do(use_case, Asked(frame, by))

    def conversation(self, name: ConversationId) -> Conversation:
        found = self.see(look, name)
        assert found is not None
        return found

    def offered(self, conversation: ConversationId) -> bytes:
        """The key package the customer is shown."""
        return self.see(_offered, conversation)

    def meet(self, customer: CustomerDevice, device: AgentDevice) -> Committed:
        """Open, take, admit: a conversation that runs."""
        self.open(customer)
        self.take(device, customer.conversation)
        committed = self.commit(customer.commit(self.offered(customer.conversation)), customer.speaker)
        customer.adopt()
        return committed

    def revoke(self, device: AgentDevice, *, version: int = 2) -> None:
        revoked: Json = [{"cred_id": f"{device.device}-1", "at": self.now, "reason": "lost"}]
        document = trust_document(version, revoked=revoked, issued=self.now)
        self.do(publish_documents, Documents(trust=World().with_trust(document).trust))
