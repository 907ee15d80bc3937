"""What gets signed or bound into a group, in its MessagePack form. Meaning only: signing and checking live in `sotto_keys`.

Each is a MessagePack array in the order of its fields. The bytes that were signed travel as they are; nothing is re-encoded.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from sotto_wire.limits import GROUPS_OF_A_CONVERSATION

Bytes16 = Annotated[bytes, Meta(min_length=16, max_length=16)]
Bytes20 = Annotated[bytes, Meta(min_length=20, max_length=20)]
Bytes32 = Annotated[bytes, Meta(min_length=32, max_length=32)]
Bytes64 = Annotated[bytes, Meta(min_length=64, max_length=64)]
Time = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Count = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Name = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9_.-]*\Z")]
Text = Annotated[str, Meta(max_length=512)]


class Signed(Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """The compact form of a DSSE envelope: payload and one Ed25519 signature over its PAE.

    The payload type and the key are known from the place it stands in, so neither travels.
    """

    claims: Annotated[bytes, Meta(min_length=1, max_length=4096)]
    signature: Bytes64


class HelloClaims(Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """Who speaks on this socket. Payload type `application/vnd.sotto.hello.v1+msgpack`, signed by `device`."""

    site: Name
    """For an agent: the literal `console`."""
    origin: Text
    connection: Text
    nonce: Bytes32
    role: Literal["customer", "agent"]
    device: Bytes32
    session: Annotated[str, Meta(max_length=128)] | None
    """The session token of an agent's sign-in; none for a customer."""
    build: Text
    """Version or SRI digest of the program that speaks, as it sees itself; informative."""

    def __repr__(self) -> str:
        return f"HelloClaims({self.role}, ‹secret›)"


class TeamAdmission(Struct, array_like=True, frozen=True, forbid_unknown_fields=True, tag="team"):
    """Lets in devices whose credential has role `agent`, kind `human`, for this desk; one commit each."""

    desk: Name


class DeviceAdmission(Struct, array_like=True, frozen=True, forbid_unknown_fields=True, tag="device"):
    """Lets in exactly one device."""

    credential: Text
    leaf_key: Bytes32


class DecisionClaims(Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """One decision of the customer. Payload type `application/vnd.sotto.decision.v1+msgpack`, signed by `customer_key`.

    Its name everywhere is the SHA-256 of these bytes.
    """

    conversation: Bytes16
    customer_key: Bytes32
    answer: Literal["given", "refused", "deferred"]
    """`deferred`: the question was closed without an answer. A withdrawal is a statement of its own (`WithdrawalClaims`)."""
    admits: TeamAdmission | DeviceAdmission
    purpose: Name
    history: Literal["new_messages", "summary", "all"]
    policy_digest: Bytes32
    notice_digest: Bytes32
    """SHA-256 of the notice text as shown, UTF-8."""
    decided_at: Time
    expires_at: Time
    nonce: Bytes16
    request: Bytes32 | None
    """Digest of the relay's request that this answers; none for the start decision, which nobody asked for."""


class WithdrawalClaims(Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """The customer ends one of their decisions. Payload type `application/vnd.sotto.withdraw.v1+msgpack`, signed by `customer_key`.

    A payload type of its own, so that an answer can never be replayed as a withdrawal, nor the other way round.
    """

    conversation: Bytes16
    customer_key: Bytes32
    decision: Bytes32
    """Digest of the decision that ends."""
    withdrawn_at: Time
    nonce: Bytes16


class PredecessorClaims(Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """One step of a conversation to its next group, signed by the customer key of the group that ends.

    Payload type `application/vnd.sotto.predecessor.v1+msgpack`. It names the next group *and* its customer: whoever copies the line
    cannot use it for a key of their own.
    """

    group: Bytes20
    """The group that ends."""
    epoch: Count
    """The last epoch of it that the customer's device could follow; 0 where its state was lost."""
    successor: Bytes20
    customer_key: Bytes32
    """The customer of `successor`."""


class Predecessor(Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """A predecessor line as it stands in a group's terms. What it says of the next group is known from its place, so it does not travel."""

    group: Bytes20
    epoch: Count
    customer_key: Bytes32
    """The customer of `group`, whose signature this is."""
    signature: Bytes64


class GroupTerms(Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """Content of the private group-context extension 0xF5A0. Only `standing` may change within a group."""

    version: Literal[1]
    root: Bytes32
    """Digest of the organisation's pinned root."""
    site: Name
    desk: Name
    customer_key: Bytes32
    recovery_key: Bytes32 | None
    policy_digest: Bytes32
    chain: Annotated[list[Predecessor], Meta(max_length=GROUPS_OF_A_CONVERSATION - 1)]
    """One line for each earlier group of the conversation, the first group's first; empty in the first group."""
    standing: Annotated[list[Bytes32], Meta(min_length=1, max_length=16)]
    """Digests of the decisions in force, in the order they were given."""


class CommitNote(Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """`authenticated_data` of a commit: when, and on what grounds."""

    committed_at: Time
    relies_on: Bytes32 | None
    """Digest of the standing decision an Add relies on."""
    decision: Signed | None
    """A new decision, carried by the very commit that puts its digest into the standing list; or again the one that an Add relies on,
    so that the newcomer can judge its own admission."""
    trust_version: Count | None
    """The trust document that revokes the removed credential, for a Remove by somebody else than the customer."""
    on_call: Literal[0, 1] = 0
    """1: the customer's Add lets in a device on call, because nobody was there. The first of them that reads removes the others."""


class WelcomeBundle(Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """What a newcomer gets: the Welcome, the commit that added it, and the interim transcript hash before that commit."""

    welcome: bytes
    commit: bytes
    interim_hash: Annotated[bytes, Meta(max_length=32)]
    """32 bytes, in epoch 0 too: the confirmation tag of the GroupInfo goes into it (RFC 9420 §11)."""
