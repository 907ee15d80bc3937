"""Every table and column the relay has, and what each is for. The data inventory and the migrations are checked against it.

Surrogate integers inside, random names outside: an integer key is a third cheaper than a 16-byte one (docs/benchmarks.md).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from sotto_server.adapters.store.columns import flag, number, octets, text, time

metadata: Final = MetaData()


def _of_conversation(*, primary: bool = False) -> Column[int]:
    return Column(
        "conversation",
        Integer,
        ForeignKey("conversation.key", ondelete="CASCADE"),
        primary_key=primary,
        nullable=False,
        autoincrement=False,
        comment="which conversation",
    )


conversation: Final = Table(
    "conversation",
    metadata,
    Column("key", Integer, primary_key=True, comment="the store's own number"),
    octets("id", "random name, chosen by the customer's device"),
    text("site", "the site it was opened on"),
    text("desk", "the desk it is addressed to"),
    octets("customer", "the customer key of this conversation: public, random, used for nothing else"),
    octets("opening", "SHA-256 of what opened it, to answer a repeated opening"),
    time("opened_at", "when it was opened"),
    time("closes_at", "its time-box"),
    text("stage", "where it stands"),
    number("group_number", "which MLS group of its chain is current"),
    number("epoch", "the group's epoch"),
    number("head", "newest sequence number"),
    number("gone", "every envelope up to here was delivered or has expired"),
    time("committed_at", "time of the last accepted commit, 0 before the first"),
    time("active_at", "the last message, commit or closing; idle closing counts from here"),
    time("waiting_since", "since when nobody of the desk is in it"),
    octets("proposed", "the agent's device on offer", nullable=True),
    time("reserved_at", "when the customer withdrew a decision whose device is still in the group", nullable=True),
    time("asked_at", "when an agent last asked to let somebody in", nullable=True),
    UniqueConstraint("id"),
    Index("conversation_queue", "desk", "stage", "waiting_since"),
    Index("conversation_idle", "stage", "active_at"),
    Index("conversation_proposed", "proposed"),
    comment="one customer's case, from opening until a week after it closed",
)

member: Final = Table(
    "member",
    metadata,
    _of_conversation(),
    octets("device", "public key of the member's device"),
    text("role", "customer, agent, or guest (let in as one device)"),
    number("since", "delivered from after this sequence number"),
    Column(
        "until",
        BigInteger,
        nullable=True,
        comment="the last it gets: the commit that removed it, the end of its group, or where the customer withdrew",
    ),
    flag("blocked", "its credential was revoked: nothing more is delivered"),
    number("acked", "its cursor: everything up to here is stored on the device"),
    number("sent", "the last message number taken from it, to answer a repeated post"),
    number("sent_seq", "the place that message got"),
    time("sent_at", "when that message was taken"),
    flag("hushed", "in an open handoff: it may not write"),
    flag("frozen", "its group is over, and the conversation went on in another"),
    flag("stuck", "it says that it cannot follow the group"),
    PrimaryKeyConstraint("conversation", "device"),
    Index("member_device", "device"),
    comment="a device's stay in a conversation",
)

envelope: Final = Table(
    "envelope",
    metadata,
    Column("key", Integer, primary_key=True, comment="the store's own number"),
    _of_conversation(),
    number("seq", "place in the conversation's order"),
    number("group_number", "the group it was sealed in"),
    number("epoch", "the epoch it was sealed in"),
    text("kind", "message, commit or welcome"),
    octets("sender", "public key of the sending device"),
    number("number", "the sender's own number, 0 where it is no message"),
    time("posted_at", "when it was taken"),
    time("expires_at", "when it leaves even undelivered"),
    octets("recipient", "the one newcomer a welcome is for", nullable=True),
    octets("body", "MLS ciphertext, or a commit"),
    UniqueConstraint("conversation", "seq"),
    Index("envelope_expiry", "expires_at"),
    comment="undelivered ciphertext; a row leaves when every member has acknowledged it, or at its expiry",
)

change: Final = Table(
    "change",
    metadata,
    _of_conversation(),
    number("group_number", "the group"),
    number("epoch", "the epoch that ended"),
    octets("device", "who committed"),
    octets("digest", "SHA-256 of the commit, to answer a repeated one"),
    number("seq", "its place in the order"),
    octets("receipt", "the receipt of the decision it carried", nullable=True),
    PrimaryKeyConstraint("conversation", "group_number", "epoch"),
    comment="the one commit that won each epoch",
)

group_state: Final = Table(
    "group_state",
    metadata,
    _of_conversation(primary=True),
    number("group_number", "the group"),
    octets("public", "the public half of the MLS group: tree and context"),
    octets("memory", "what the commit gate remembers beside it"),
    comment="what the relay needs to judge the next commit; leaves when the conversation closes",
)

offer: Final = Table(
    "offer",
    metadata,
    _of_conversation(primary=True),
    octets("device", "the agent's device on offer"),
    octets("package", "the key package claimed for it"),
    time("offered_at", "when it was taken"),
    comment="the device offered to who lets it in, until it was added",
)

handoff: Final = Table(
    "handoff",
    metadata,
    _of_conversation(primary=True),
    octets("giver", "the agent's device that hands it over"),
    Column("to", Text, nullable=True, comment="sign-in name of the colleague who was asked; none: anyone of the desk"),
    text("standing", "how the offer stands"),
    octets("taker", "the device that accepted", nullable=True),
    time("lapses_at", "when it is given up, or forgotten"),
    Index("handoff_lapse", "lapses_at"),
    comment="offers to take over a conversation, until the colleague was added or a while after they came to nothing",
)

ledger: Final = Table(
    "ledger",
    metadata,
    Column("index", Integer, primary_key=True, autoincrement=False, comment="place in the ledger, from 1"),
    text("event", "what happened: open, request, give, refuse, defer, withdraw, expire, invalidate or renew"),
    octets("conversation", "random name of the conversation"),
    octets("subject", "the request, or the decision that nobody asked for, which it is about"),
    octets("digest", "SHA-256 of what was signed"),
    octets("signed", "the decision or withdrawal as the customer signed it, or the relay's own statement"),
    octets("receipt", "the receipt given to the customer for it", nullable=True),
    time("recorded_at", "when it was taken"),
    Index("ledger_conversation", "conversation"),
    comment="decisions of customers and what became of them, as evidence",
)

question: Final = Table(
    "question",
    metadata,
    _of_conversation(),
    octets("request", "SHA-256 of the relay's request"),
    text("moment", "what was asked"),
    text("purpose", "for which purpose"),
    octets("device", "the device it would let in"),
    text("credential", "the name of that device's credential"),
    octets("asked_by", "the agent's device that asked"),
    octets("body", "the request as the relay signed it"),
    octets("package", "the key package claimed for it"),
    text("standing", "where it stands"),
    octets("decision", "SHA-256 of the decision that answered it", nullable=True),
    time("asked_at", "when it was asked"),
    time("changed_at", "when it came to stand there"),
    time("ends_at", "when time ends the request or the decision"),
    PrimaryKeyConstraint("conversation", "request"),
    Index("question_end", "ends_at"),
    comment="questions to a customer about letting somebody in; gone with the conversation",
)

site: Final = Table(
    "site",
    metadata,
    Column("site", Text, primary_key=True, comment="its short name"),
    time("added_at", "when it was added"),
    comment="websites with a widget",
)

site_origin: Final = Table(
    "site_origin",
    metadata,
    Column("site", Text, ForeignKey("site.site", ondelete="CASCADE"), nullable=False, comment="which site"),
    text("origin", "a web origin that may open its widget"),
    PrimaryKeyConstraint("site", "origin"),
    Index("site_origin_origin", "origin"),
    comment="where a site's widget may be opened",
)

site_desk: Final = Table(
    "site_desk",
    metadata,
    Column("site", Text, ForeignKey("site.site", ondelete="CASCADE"), nullable=False, comment="which site"),
    text("desk", "a desk its conversations may be addressed to"),
    PrimaryKeyConstraint("site", "desk"),
    comment="a site's desks",
)

agent: Final = Table(
    "agent",
    metadata,
    Column("agent", Text, primary_key=True, comment="sign-in name"),
    text("name", "name shown to colleagues; customers see the credential's"),
    text("password", "Argon2id hash with its parameters and salt"),
    time("added_at", "when the agent was added"),
    time("disabled_at", "when the agent was disabled", nullable=True),
    comment="who may sign in to the console",
)

seat: Final = Table(
    "seat",
    metadata,
    Column("agent", Text, ForeignKey("agent.agent", ondelete="CASCADE"), nullable=False, comment="which agent"),
    text("desk", "a desk the agent sits at"),
    PrimaryKeyConstraint("agent", "desk"),
    comment="who sits at which desk",
)

sign_in: Final = Table(
    "sign_in",
    metadata,
    Column("token_digest", LargeBinary, primary_key=True, comment="SHA-256 of the token; the token is not kept"),
    Column("agent", Text, ForeignKey("agent.agent", ondelete="CASCADE"), nullable=False, comment="which agent"),
    time("started_at", "when it began"),
    time("used_at", "when it was last seen in use, within five minutes"),
    time("expires_at", "when it ends at the latest"),
    Column("device", LargeBinary, comment="the device it belongs to, from its first hello on"),
    Index("sign_in_expiry", "expires_at"),
    Index("sign_in_use", "used_at"),
    Index("sign_in_agent", "agent"),
    comment="agents' sign-ins in force",
)

device: Final = Table(
    "device",
    metadata,
    Column("device", LargeBinary, primary_key=True, comment="public key of the device"),
    Column("agent", Text, ForeignKey("agent.agent", ondelete="CASCADE"), nullable=False, comment="whose it is"),
    text("label", "how the agent named it"),
    time("seen_at", "its first hello"),
    time("requested_at", "when it asked for a credential", nullable=True),
    Index("device_agent", "agent"),
    comment="agents' devices; customers' devices have no row here",
)

credential: Final = Table(
    "credential",
    metadata,
    Column("credential", Text, primary_key=True, comment="its name"),
    octets("device", "the device it is about"),
    time("issued_at", "from when it counts"),
    time("expires_at", "until when it counts"),
    octets("envelope", "the signed statement, as published"),
    flag("void", "revoked, or signed by a key that may no longer issue"),
    time("kept_at", "when it was published here"),
    Index("credential_device", "device"),
    comment="published credentials of agents' devices",
)

key_package: Final = Table(
    "key_package",
    metadata,
    Column("reference", LargeBinary, primary_key=True, comment="its KeyPackageRef"),
    octets("device", "whose it is"),
    flag("last_resort", "may be used more than once"),
    time("expires_at", "end of its lifetime"),
    octets("package", "the public bundle"),
    Index("key_package_device", "device"),
    Index("key_package_expiry", "expires_at"),
    comment="public bundles by which a device can be added; a single-use one leaves when it is claimed",
)

root: Final = Table(
    "root",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False, comment="its version"),
    octets("envelope", "the signed document"),
    time("kept_at", "when it was published here"),
    comment="the organisation's chain of roots",
)

trust: Final = Table(
    "trust",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False, comment="its version"),
    octets("envelope", "the signed document"),
    time("kept_at", "when it was published here"),
    comment="the trust document in force",
)

policy: Final = Table(
    "policy",
    metadata,
    Column("digest", LargeBinary, primary_key=True, comment="SHA-256 of the file"),
    octets("body", "the policy file"),
    time("kept_at", "when it was published here"),
    comment="policy files that customers were or are shown",
)

incident: Final = Table(
    "incident",
    metadata,
    Column("incident", Text, primary_key=True, comment="its name"),
    octets("envelope", "the signed notice"),
    time("issued_at", "when it was signed; a correction is newer"),
    time("affects_from", "told to the customers of conversations opened from here"),
    time("affects_to", "until before here"),
    time("expires_at", "until when it is told"),
    time("kept_at", "when it was published here"),
    comment="notices of incidents in force; who has read one is not kept",
)
