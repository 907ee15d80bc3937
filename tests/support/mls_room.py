"""A conversation's group with real members: what the relay would follow beside what each device holds. Forging has its own function."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import count
from typing import TYPE_CHECKING, Final

import msgspec
from tests.vectors.trust_world import DAY, NOW, POLICY, World, credential, credential_document, key

from sotto_keys.device.mls.committing import PendingCommit, adopt_commit, create_commit
from sotto_keys.device.mls.create_group import create_group, group_extensions
from sotto_keys.device.mls.joining import join
from sotto_keys.device.mls.own_key_package import OwnKeyPackage, create_key_package
from sotto_keys.device.mls.path_secrets import create_path
from sotto_keys.device.mls.processing import process_commit
from sotto_keys.device.mls.public_messages import protect_public
from sotto_keys.device.mls.secret_bytes import SecretBytes
from sotto_keys.device.mls.signing import sign_content
from sotto_keys.shared.decision import sign_decision, verify_decision
from sotto_keys.shared.mls.commit import Commit, UpdatePath
from sotto_keys.shared.mls.commit_gate import judge_commit
from sotto_keys.shared.mls.framing import PUBLIC_MESSAGE, FramedContent, Sender, SenderType
from sotto_keys.shared.mls.group_terms import customer_identity
from sotto_keys.shared.mls.opening_gate import Page, judge_opening
from sotto_keys.shared.mls.proposals import Add, GroupContextExtensions
from sotto_keys.shared.mls.provisional import Sourced, apply_proposals
from sotto_keys.shared.trust_chain import TrustState, judge_bundle
from sotto_wire.claims import (
    CommitNote,
    DecisionClaims,
    DeviceAdmission,
    GroupTerms,
    Signed,
    TeamAdmission,
    WelcomeBundle,
)
from sotto_wire.codec import encode_claims
from sotto_wire.ids import ConversationId, Millis, group_id

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sotto_keys.device.mls.member import Member
    from sotto_keys.shared.mls.group_memory import GroupMemory
    from sotto_keys.shared.mls.key_package import KeyPackage
    from sotto_keys.shared.mls.proposals import Proposal, ProposalReference
    from sotto_keys.shared.mls.public_group import PublicGroup
    from sotto_keys.shared.mls.verdict import Verdict
    from sotto_keys.shared.strict_json import Json

SECOND: Final = 1000
MINUTE: Final = 60 * SECOND
START: Final = Millis(NOW)
CONVERSATION: Final = ConversationId(bytes(range(16)))
PAGE: Final = Page(site="shop", desk="orders")
CUSTOMER: Final = "customer"


def entropy_from(name: str) -> Callable[[int], bytes]:
    """Bytes that never repeat and are the same in every run."""
    numbers = count()

    def entropy(length: int) -> bytes:
        block = b""
        while len(block) < length:
            block += sha256(f"{name} {next(numbers)}".encode()).digest()
        return block[:length]

    return entropy


def seed_of(name: str) -> SecretBytes:
    return SecretBytes(key(name).reveal_seed())


def package_of(
    name: str, identity: bytes, *, now: int = NOW, days: int = 7, entropy: Callable[[int], bytes]
) -> OwnKeyPackage:
    seconds = now // SECOND
    return create_key_package(seed_of(name), identity, now=seconds, not_after=seconds + days * 86400, entropy=entropy)


def agent_identity(device: str, **changes: Json) -> bytes:
    """The credential envelope of a desk's agent whose device key has this name."""
    document = credential_document(device, cred_id=f"{device}-1", person=device, name=device.title())
    return credential(document | changes)


def start_claims(**changes: object) -> DecisionClaims:
    claims = DecisionClaims(
        conversation=CONVERSATION,
        customer_key=key(CUSTOMER).public,
        answer="given",
        admits=TeamAdmission(desk="orders"),
        purpose="support",
        history="new_messages",
        policy_digest=POLICY,
        notice_digest=bytes(32),
        decided_at=NOW,
        expires_at=NOW + DAY,
        nonce=bytes(16),
        request=None,
    )
    return msgspec.structs.replace(claims, **changes)


def decide(**changes: object) -> Signed:
    """A decision of the customer, as it travels."""
    return sign_decision(start_claims(**changes), key(CUSTOMER))


def digest_of_decision(signed: Signed) -> bytes:
    return verify_decision(signed, key(CUSTOMER).public).digest


def start_terms(*standing: bytes, **changes: object) -> GroupTerms:
    terms = GroupTerms(
        version=1,
        root=World().pinned,
        site=PAGE.site,
        desk=PAGE.desk,
        customer_key=key(CUSTOMER).public,
        recovery_key=None,
        policy_digest=POLICY,
        chain=[],
        standing=list(standing),
    )
    return msgspec.structs.replace(terms, **changes)


def trust_of(world: World) -> TrustState:
    return judge_bundle(world.pinned, world.bundle(), memory=None)


def new_group(terms: GroupTerms, *, entropy: Callable[[int], bytes], identity: bytes | None = None) -> Member:
    """The customer's group in epoch 0."""
    own = package_of(
        CUSTOMER, customer_identity(key(CUSTOMER).public) if identity is None else identity, entropy=entropy
    )
    extensions = group_extensions(encode_claims(terms))
    place = group_id(CONVERSATION, 1)
    return create_group(place, own, signing_key=seed_of(CUSTOMER), extensions=extensions, entropy=entropy)


@dataclass(slots=True)
class Room:
    """A running group: the judge's view (group, memory, trust, clock) and the members by name."""

    trust: TrustState
    group: PublicGroup
    memory: GroupMemory
    members: dict[str, Member]
    start: Signed
    entropy: Callable[[int], bytes]
    now: Millis = START
    packages: dict[str, OwnKeyPackage] = field(default_factory=dict)
    last_commit: bytes = b""
    interim_before: bytes = b""

    @property
    def start_digest(self) -> bytes:
        return digest_of_decision(self.start)

    def offer(self, name: str, **changes: Json) -> KeyPackage:
        """A fresh key package of an agent's device; `changes` to its credential."""
        return self.offer_as(name, agent_identity(name, **changes))

    def offer_as(self, name: str, identity: bytes) -> KeyPackage:
        """A fresh key package under any identity."""
        self.packages[name] = package_of(name, identity, entropy=self.entropy)
        return self.packages[name].public

    def note(self, **changes: object) -> CommitNote:
        blank = CommitNote(committed_at=self.now, relies_on=None, decision=None, trust_version=None)
        return msgspec.structs.replace(blank, **changes)

    def index(self, name: str) -> int:
        """A device's leaf number."""
        found = self.group.find(key(name).public)
        assert found is not None
        return found

    def commit(
        self,
        by: str,
        note: CommitNote | bytes | None = None,
        *,
        add: Sequence[KeyPackage] = (),
        remove: Sequence[str] = (),
        terms: GroupTerms | None = None,
    ) -> PendingCommit:
        """A well-made commit, allowed or not."""
        words = note if isinstance(note, bytes) else encode_claims(self.note() if note is None else note)
        return create_commit(
            self.members[by],
            authenticated_data=words,
            entropy=self.entropy,
            add=add,
            remove=[self.index(each) for each in remove],
            extensions=None if terms is None else group_extensions(encode_claims(terms)),
        )

    def forge(self, by: str, *proposals: Proposal | ProposalReference, note: CommitNote | None = None) -> bytes:
        """A commit that the member's own library would refuse to make."""
        return forge(self.members[by], note or self.note(), proposals, entropy=self.entropy)

    def add_changed(self, package: KeyPackage, changed: KeyPackage, *, note: CommitNote) -> bytes:
        """The customer's Add made for one package and carrying another of the same length."""
        message = self.commit(CUSTOMER, note, add=[package]).message
        assert package.encode() in message
        return message.replace(package.encode(), changed.encode())

    def judge(self, message: bytes, *, now: Millis | None = None) -> Verdict:
        """The gate's answer, as the relay asks for it."""
        return judge_commit(self.group, message, trust=self.trust, memory=self.memory, now=now or self.now)

    def accept(self, by: str, pending: PendingCommit) -> Verdict:
        """Judge the commit and let everybody follow it, as an honest relay and its members do."""
        verdict = self.judge(pending.message)
        self.interim_before, self.last_commit = self.group.interim_transcript_hash, pending.message
        self.group = self.group.advance(verdict.commit)
        self.memory = self.memory.after(verdict)
        followed = {name: self._follow(name, member, by=by, pending=pending) for name, member in self.members.items()}
        self.members = {name: member for name, member in followed.items() if member is not None}
        for newcomer in verdict.added:
            name = next(each for each in self.packages if key(each).public == newcomer.device)
            assert pending.welcome is not None
            self.members[name] = join(pending.welcome, self.packages[name], signing_key=seed_of(name))
        return verdict

    def _follow(self, name: str, member: Member, *, by: str, pending: PendingCommit) -> Member | None:
        return adopt_commit(member, pending) if name == by else process_commit(member, pending.message).member

    def bundle(self, pending: PendingCommit) -> WelcomeBundle:
        """What the relay hands to the newcomer of the commit accepted last."""
        assert pending.welcome is not None
        return WelcomeBundle(welcome=pending.welcome, commit=pending.message, interim_hash=self.interim_before)

    def admit(self, name: str) -> PendingCommit:
        """The customer lets an agent in under the start decision."""
        note = self.note(relies_on=self.start_digest, decision=self.start)
        pending = self.commit(CUSTOMER, note, add=[self.offer(name)])
        self.accept(CUSTOMER, pending)
        return pending

    def later(self, milliseconds: int) -> None:
        self.now = Millis(self.now + milliseconds)


def open_room(world: World | None = None, *, name: str = "room") -> Room:
    """A conversation that was just opened."""
    entropy = entropy_from(name)
    trust, start = trust_of(world or World()), decide()
    customer = new_group(start_terms(digest_of_decision(start)), entropy=entropy)
    info = customer.group_info().to_message()
    opening = judge_opening(info, start, trust=trust, page=PAGE, now=Millis(NOW))
    return Room(trust, opening.group, opening.memory, {CUSTOMER: customer}, start, entropy)


def forge(
    member: Member,
    note: CommitNote,
    proposals: Sequence[Proposal | ProposalReference],
    *,
    entropy: Callable[[int], bytes],
    change_path: Callable[[UpdatePath], UpdatePath | None] = lambda path: path,
) -> bytes:
    """A commit signed and tagged by a member whose own library would refuse to make it. Its confirmation tag is made up."""
    group = member.group
    lists = [each for each in proposals if isinstance(each, GroupContextExtensions)]
    adds = [each for each in proposals if isinstance(each, Add)]
    applicable: list[Proposal] = [*lists[:1], *adds]
    plain = [Sourced(each, member.own_leaf) for each in applicable]
    old = group.leaf(member.own_leaf)
    assert old is not None
    applied = apply_proposals(
        group.tree, group.extensions, proposals=plain, committer=member.own_leaf, group_id=group.group_id
    )
    made = create_path(
        applied,
        old,
        own_leaf=member.own_leaf,
        signing_key=member.signing_key,
        context=group.context,
        entropy=entropy,
    )
    commit = Commit(tuple(proposals), change_path(made.path))
    sender = Sender(SenderType.MEMBER, member.own_leaf)
    framed = FramedContent(group.group_id, group.epoch, sender, encode_claims(note), commit)
    signed = sign_content(member.signing_key, framed, wire_format=PUBLIC_MESSAGE, context=group.context)
    tagged = replace(signed, confirmation_tag=bytes(32))
    keyed = protect_public(tagged, membership_key=member.secrets.membership_key, context=group.context)
    return keyed.to_message()


def with_guest(room: Room, name: str = "bot", *, purpose: str = "ai_assistant") -> Room:
    """One device let in by a decision of its own."""
    package = room.offer(name, kind="bot", roles=["bot"])
    admits = DeviceAdmission(credential=f"{name}-1", leaf_key=key(name).public)
    decision = decide(admits=admits, purpose=purpose)
    terms = start_terms(room.start_digest, digest_of_decision(decision))
    pending = room.commit(CUSTOMER, room.note(decision=decision), add=[package], terms=terms)
    room.accept(CUSTOMER, pending)
    return room
