"""Every frame of subprotocol `sotto.1`: a MessagePack array whose first element is the frame's name.

Arrays have no keys, so none can be doubled or unknown. Fields stand in the order written here; all are always sent.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from sotto_wire.claims import Bytes16, Bytes32, Count, Name, Signed, Text, Time
from sotto_wire.limits import (
    CANDIDATES_LISTED,
    COMMIT_BYTES,
    DEVICES_ON_CALL,
    DOCUMENT_BYTES,
    HOLDINGS_ROWS,
    INCIDENT_BYTES,
    KEY_PACKAGE_BYTES,
    KEY_PACKAGES_PER_PUBLISH,
    MESSAGE_BYTES,
)

Ref = Annotated[int, Meta(ge=1, le=2**32 - 1)]
"""The asker's own number for a request; the answer repeats it."""
GroupNumber = Annotated[int, Meta(ge=1, le=2**16 - 1)]
CommitBytes = Annotated[bytes, Meta(min_length=1, max_length=COMMIT_BYTES)]
MessageBytes = Annotated[bytes, Meta(min_length=1, max_length=MESSAGE_BYTES)]
KeyPackageBytes = Annotated[bytes, Meta(min_length=1, max_length=KEY_PACKAGE_BYTES)]
DocumentBytes = Annotated[bytes, Meta(min_length=1, max_length=DOCUMENT_BYTES)]
Presence = Literal["here", "away"]


class Frame(Struct, array_like=True, frozen=True, forbid_unknown_fields=True, tag=True):
    """Base of all frames."""


# from client to relay


class Hello(Frame, frozen=True, tag="hello"):
    """First frame of a client: `HelloClaims`, signed by the device key over the relay's challenge."""

    hello: Signed


class OpenConversation(Frame, frozen=True, tag="open"):
    """The customer's device opens a conversation with its group at epoch 0 and its start decision.

    Or the conversation's next group: then its terms hold the lines of the groups before.
    """

    ref: Ref
    conversation: Bytes16
    group_info: CommitBytes
    """MLSMessage with the GroupInfo of epoch 0: ratchet_tree, no external_pub."""
    start: Signed
    """The start decision (`DecisionClaims`): its digest is the only one in the group's standing list."""


class Follow(Frame, frozen=True, tag="follow"):
    """Deliver this conversation on this socket, from after `after`; safe to repeat."""

    ref: Ref
    conversation: Bytes16
    after: Count


class Acknowledge(Frame, frozen=True, tag="ack"):
    """Everything up to `seq` is stored on this device. No answer."""

    conversation: Bytes16
    seq: Count


class Post(Frame, frozen=True, tag="post"):
    """An application message. `number` rises by one per device and conversation; a repeated number returns the first answer."""

    ref: Ref
    conversation: Bytes16
    group: GroupNumber
    epoch: Count
    number: Annotated[int, Meta(ge=1, le=2**53 - 1)]
    message: MessageBytes


class Commit(Frame, frozen=True, tag="commit"):
    """A commit for `epoch` (the epoch it was made in), with a Welcome when it adds somebody."""

    ref: Ref
    conversation: Bytes16
    group: GroupNumber
    epoch: Count
    commit: CommitBytes
    welcome: CommitBytes | None


class Complain(Frame, frozen=True, tag="complain"):
    """This member cannot follow the commit that ended `epoch` of `group`, or has lost the state it would need.

    It sends nothing in that group any more; the customer's device opens the conversation's next one.
    """

    ref: Ref
    conversation: Bytes16
    group: GroupNumber
    epoch: Count


class CloseConversation(Frame, frozen=True, tag="close"):
    """The customer ends, or a member agent closes."""

    ref: Ref
    conversation: Bytes16


class LeaveMessage(Frame, frozen=True, tag="leave"):
    """The customer, whom nobody of the desk has joined, leaves a message: who is on call? Its device adds them, one commit each."""

    ref: Ref
    conversation: Bytes16


class EnrolDevice(Frame, frozen=True, tag="enrol"):
    """Ask for a credential for the device key that signed `hello`; an officer answers, not the relay."""

    ref: Ref
    label: Text


class PublishKeyPackages(Frame, frozen=True, tag="publish"):
    """Single-use key packages (and one of last resort) of this device."""

    ref: Ref
    packages: Annotated[list[KeyPackageBytes], Meta(max_length=KEY_PACKAGES_PER_PUBLISH)]
    last_resort: KeyPackageBytes | None


class WatchQueue(Frame, frozen=True, tag="watch"):
    """Send this desk's queue now and at every change."""

    ref: Ref
    desk: Name


class Take(Frame, frozen=True, tag="take"):
    """Take the longest-waiting conversation of the desk, or a certain one; also one that a colleague hands over."""

    ref: Ref
    desk: Name
    conversation: Bytes16 | None


class ListColleagues(Frame, frozen=True, tag="colleagues"):
    """Who of the desk is online and could take this conversation over now."""

    ref: Ref
    conversation: Bytes16


class HandOff(Frame, frozen=True, tag="hand_off"):
    """Offer this conversation to a colleague of the desk, or to all who are there: whoever takes it first."""

    ref: Ref
    conversation: Bytes16
    to: Text | None
    """The colleague's sign-in name; none: anyone."""


class CallOff(Frame, frozen=True, tag="call_off"):
    """By whoever hands over: keep it after all. By whoever was asked: no."""

    ref: Ref
    conversation: Bytes16


class FindCandidates(Frame, frozen=True, tag="candidates"):
    """Who could be let into this conversation at this moment, as far as the relay knows."""

    ref: Ref
    conversation: Bytes16
    moment: Name


class AskCustomer(Frame, frozen=True, tag="ask"):
    """An agent in the conversation asks the customer to let somebody in. The customer's device decides, and checks everything itself."""

    ref: Ref
    conversation: Bytes16
    moment: Name
    device: Bytes32
    """The candidate's device."""
    history: Literal["new_messages"]


class AnswerRequest(Frame, frozen=True, tag="answer"):
    """The customer's signed no, or not now. A yes travels in the commit that it allows."""

    ref: Ref
    conversation: Bytes16
    decision: Signed


class Withdraw(Frame, frozen=True, tag="withdraw"):
    """The customer ends a decision (`WithdrawalClaims`): delivery stops at once, and the next commit is the customer's."""

    ref: Ref
    conversation: Bytes16
    withdrawal: Signed


class ShowHoldings(Frame, frozen=True, tag="show_holdings"):
    """The customer asks what the relay holds of the conversation: every row and field, from behind the first `after` rows."""

    ref: Ref
    conversation: Bytes16
    after: Count


# from relay to client


class Challenge(Frame, frozen=True, tag="challenge"):
    """First frame of the relay."""

    connection: Text
    nonce: Bytes32
    server_time: Time
    oldest_protocol: Annotated[int, Meta(ge=1)]


class ConversationCard(Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """What the relay holds of a conversation that a member or the desk may know."""

    conversation: Bytes16
    site: Name
    desk: Name
    stage: Literal["waiting", "left", "proposed", "active", "closed"]
    group: GroupNumber
    epoch: Count
    head: Count
    """Newest sequence number."""
    since: Count
    """Deliver from here: the sequence number before this device's first envelope."""
    last_number: Count
    """The last message number taken from this device."""
    acked: Count
    """The last sequence number this device has acknowledged: a state that stands before it is an older one."""
    committed_at: Time
    """`committed_at` of the last accepted commit, 0 before the first."""
    opened_at: Time
    closes_at: Time


class AgentCard(Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """The signed-in agent, as the relay knows them."""

    agent: Text
    name: Text
    desks: list[Name]


class Welcomed(Frame, frozen=True, tag="welcomed"):
    """`hello` was accepted. Lists the conversations this device is in."""

    server_time: Time
    agent: AgentCard | None
    device_state: Literal["customer", "unknown", "pending", "issued", "revoked"]
    credential: DocumentBytes | None
    key_packages: Count
    """Single-use key packages held for this device."""
    last_resort_until: Time
    """End of the last-resort package held for this device, 0 where there is none."""
    conversations: list[ConversationCard]


class Done(Frame, frozen=True, tag="done"):
    """The request was carried out and there is nothing more to say."""

    ref: Ref


class Refusal(Frame, frozen=True, tag="refused"):
    """The request was refused. `ref` is none where the frame could not be read."""

    ref: Ref | None
    code: Text
    retry_after_ms: Count | None
    notice: Text | None
    """Address of the notice to show, with `notice_required`."""
    reference: Text | None
    """To quote to the relay's operator, with `unavailable`."""


class Opened(Frame, frozen=True, tag="opened"):
    """The conversation stands in the queue; the receipt is the relay's statement about the start decision."""

    ref: Ref
    card: ConversationCard
    receipt: DocumentBytes
    ahead: Count
    """Conversations of the desk that wait longer."""


class OnCall(Frame, frozen=True, tag="on_call"):
    """Key packages of up to three devices on call for the desk. The customer's device checks everything itself."""

    ref: Ref
    card: ConversationCard
    key_packages: Annotated[list[KeyPackageBytes], Meta(max_length=DEVICES_ON_CALL)]


class Posted(Frame, frozen=True, tag="posted"):
    """Stored, with its place in the order."""

    ref: Ref
    conversation: Bytes16
    seq: Count
    posted_at: Time


class Committed(Frame, frozen=True, tag="committed"):
    """The commit won its epoch. The committer adopts it when it arrives in order."""

    ref: Ref
    conversation: Bytes16
    seq: Count
    receipt: DocumentBytes | None
    """Of the decision the commit carried, if it carried one."""


class Taken(Frame, frozen=True, tag="taken"):
    """The conversation is this device's to answer, once the customer's device has added it."""

    ref: Ref
    card: ConversationCard


class KeyPackagesHeld(Frame, frozen=True, tag="held"):
    """Single-use key packages now held for this device."""

    ref: Ref
    single_use: Count


class Colleague(Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """An agent of the desk who is online."""

    agent: Text
    name: Text


class Present(Frame, frozen=True, tag="present"):
    """The colleagues who could take the conversation over."""

    ref: Ref
    colleagues: list[Colleague]


class HandoffCard(Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """An offer to take over a conversation."""

    conversation: Bytes16
    desk: Name
    standing: Literal["asked", "accepted", "declined", "lapsed", "gone"]
    giver: Text
    """Name of who hands over."""
    taker: Text | None
    """Name of who was asked, or has accepted; none: anyone."""
    lapses_at: Time


class Handoffs(Frame, frozen=True, tag="handoffs"):
    """Every offer that concerns this device, whole: what is not listed is over."""

    given: list[HandoffCard]
    """Of conversations this device hands over."""
    offered: list[HandoffCard]
    """Which this device may take, or has taken and is not in yet."""


class Candidates(Frame, frozen=True, tag="found"):
    """Devices that could be asked for: their credentials, as published. The asker verifies them, and so does the customer."""

    ref: Ref
    credentials: Annotated[list[DocumentBytes], Meta(max_length=CANDIDATES_LISTED)]


class Requested(Frame, frozen=True, tag="requested"):
    """The question was put; `request` is the relay's signed statement of it."""

    ref: Ref
    request: DocumentBytes


class Recorded(Frame, frozen=True, tag="recorded"):
    """The decision stands in the ledger."""

    ref: Ref
    receipt: DocumentBytes


class HeldColumn(Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """A field of a table, and what it is for."""

    name: Name
    about: Text


class HeldTable(Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """Rows of one table, as they lie in the relay's database. Octets are hexadecimal; longer than 64, their SHA-256 and size."""

    name: Name
    about: Text
    columns: list[HeldColumn]
    rows: Annotated[list[list[Text]], Meta(max_length=HOLDINGS_ROWS)]


class Holdings(Frame, frozen=True, tag="holdings"):
    """What the relay holds of the conversation, a page of it. What only its memory has (addresses for limits, live sockets) is no row."""

    ref: Ref
    tables: list[HeldTable]
    left: Count
    """Rows behind this page."""


class CustomerAsked(Frame, frozen=True, tag="asked"):
    """A question to the customer that waits for an answer, with the key package of the device it is about."""

    conversation: Bytes16
    request: DocumentBytes
    key_package: KeyPackageBytes


class RequestChanged(Frame, frozen=True, tag="request"):
    """Where a question stands, for the agents in the conversation; to the customer only that another policy ended what was given."""

    conversation: Bytes16
    request: Bytes32
    """Digest of the relay's request."""
    moment: Name
    device: Bytes32
    standing: Literal["requested", "given", "refused", "deferred", "withdrawn", "expired", "invalidated"]
    at: Time
    expires_at: Time


class QueueEntry(Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """One waiting conversation; nothing in it says who."""

    conversation: Bytes16
    site: Name
    waiting_since: Time
    why: Literal["new", "agent_gone", "message_left"]
    """`agent_gone`: the only agent was revoked and is still in the group; only the customer's device can change that."""
    customer: Presence
    """Whether the customer's device is connected; who takes it while that is away waits for it."""


class Queue(Frame, frozen=True, tag="queue"):
    """A desk's queue, longest wait first (the first 50), with its full counts."""

    desk: Name
    waiting: list[QueueEntry]
    waiting_count: Count
    active_count: Count


class Proposal(Frame, frozen=True, tag="proposal"):
    """The device the relay proposes for the desk. Who gets it checks everything itself, then commits the Add, or not.

    The customer's device, where nobody answers yet; in a handoff the device of the agent who asked for it.
    """

    conversation: Bytes16
    group: GroupNumber
    key_package: KeyPackageBytes


class Envelope(Frame, frozen=True, tag="envelope"):
    """One entry of a conversation, in the relay's order."""

    conversation: Bytes16
    seq: Count
    group: GroupNumber
    epoch: Count
    kind: Literal["message", "commit", "welcome"]
    sender: Bytes32
    number: Count
    """The sender's own number for a message, 0 otherwise."""
    posted_at: Time
    body: CommitBytes
    """An MLSMessage, or a `WelcomeBundle` for `welcome`."""


class Delivered(Frame, frozen=True, tag="delivered"):
    """Every other member has acknowledged everything up to `seq`."""

    conversation: Bytes16
    seq: Count


class Complained(Frame, frozen=True, tag="complained"):
    """For the customer's device: this member says that it cannot follow the group."""

    conversation: Bytes16
    group: GroupNumber
    device: Bytes32


class ConversationChanged(Frame, frozen=True, tag="changed"):
    """A conversation moved to another stage."""

    card: ConversationCard


class DeviceChanged(Frame, frozen=True, tag="device"):
    """This device's credential was issued, renewed or revoked, or its key packages run low."""

    device_state: Literal["unknown", "pending", "issued", "revoked"]
    credential: DocumentBytes | None
    key_packages: Count
    last_resort_until: Time


class WhoIsHere(Frame, frozen=True, tag="here"):
    """Whose devices are connected now. Told to both ends of a conversation at every change; a matter of sockets, kept nowhere."""

    conversation: Bytes16
    customer: Presence
    desk: Presence
    """Whether an agent who could answer is connected. Told to the customer while nobody of the desk is in the conversation."""


class TrustUpdate(Frame, frozen=True, tag="trust"):
    """A newer trust bundle, in the form `GET /v1/trust` answers."""

    bundle: Annotated[bytes, Meta(min_length=1, max_length=DOCUMENT_BYTES)]


class IncidentNotice(Frame, frozen=True, tag="incident"):
    """What the organisation tells the customer of this conversation about a breach: the signed notice, which the device judges itself.

    Told at `follow` and when it is published, at every connection until it is over. It is no question and has no answer.
    """

    conversation: Bytes16
    notice: Annotated[bytes, Meta(min_length=1, max_length=INCIDENT_BYTES)]


FromClient = (
    Hello
    | OpenConversation
    | Follow
    | Acknowledge
    | Post
    | Commit
    | Complain
    | CloseConversation
    | LeaveMessage
    | EnrolDevice
    | PublishKeyPackages
    | WatchQueue
    | Take
    | ListColleagues
    | HandOff
    | CallOff
    | FindCandidates
    | AskCustomer
    | AnswerRequest
    | Withdraw
    | ShowHoldings
)
FromRelay = (
    Challenge
    | Welcomed
    | Done
    | Refusal
    | Opened
    | OnCall
    | Posted
    | Committed
    | Taken
    | KeyPackagesHeld
    | Present
    | Handoffs
    | Candidates
    | Requested
    | Recorded
    | Holdings
    | CustomerAsked
    | RequestChanged
    | Queue
    | Proposal
    | Envelope
    | Delivered
    | Complained
    | ConversationChanged
    | DeviceChanged
    | WhoIsHere
    | TrustUpdate
    | IncidentNotice
)
