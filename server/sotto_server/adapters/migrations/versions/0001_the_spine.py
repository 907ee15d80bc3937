"""The spine."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agent",
        sa.Column("agent", sa.Text(), nullable=False, comment="sign-in name"),
        sa.Column(
            "name", sa.Text(), nullable=False, comment="name shown to colleagues; customers see the credential's"
        ),
        sa.Column("password", sa.Text(), nullable=False, comment="Argon2id hash with its parameters and salt"),
        sa.Column("added_at", sa.BigInteger(), nullable=False, comment="when the agent was added (Unix ms)"),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True, comment="when the agent was disabled (Unix ms)"),
        sa.PrimaryKeyConstraint("agent"),
        comment="who may sign in to the console",
    )
    op.create_table(
        "conversation",
        sa.Column("key", sa.Integer(), nullable=False, comment="the store's own number"),
        sa.Column("id", sa.LargeBinary(), nullable=False, comment="random name, chosen by the customer's device"),
        sa.Column("site", sa.Text(), nullable=False, comment="the site it was opened on"),
        sa.Column("desk", sa.Text(), nullable=False, comment="the desk it is addressed to"),
        sa.Column(
            "customer",
            sa.LargeBinary(),
            nullable=False,
            comment="the customer key of this conversation: public, random, used for nothing else",
        ),
        sa.Column(
            "opening",
            sa.LargeBinary(),
            nullable=False,
            comment="SHA-256 of what opened it, to answer a repeated opening",
        ),
        sa.Column("opened_at", sa.BigInteger(), nullable=False, comment="when it was opened (Unix ms)"),
        sa.Column("closes_at", sa.BigInteger(), nullable=False, comment="its time-box (Unix ms)"),
        sa.Column("stage", sa.Text(), nullable=False, comment="where it stands"),
        sa.Column("group_number", sa.BigInteger(), nullable=False, comment="which MLS group of its chain is current"),
        sa.Column("epoch", sa.BigInteger(), nullable=False, comment="the group's epoch"),
        sa.Column("head", sa.BigInteger(), nullable=False, comment="newest sequence number"),
        sa.Column(
            "gone", sa.BigInteger(), nullable=False, comment="every envelope up to here was delivered or has expired"
        ),
        sa.Column(
            "committed_at",
            sa.BigInteger(),
            nullable=False,
            comment="time of the last accepted commit, 0 before the first (Unix ms)",
        ),
        sa.Column(
            "active_at",
            sa.BigInteger(),
            nullable=False,
            comment="the last message, commit or closing; idle closing counts from here (Unix ms)",
        ),
        sa.Column(
            "waiting_since", sa.BigInteger(), nullable=False, comment="since when nobody of the desk is in it (Unix ms)"
        ),
        sa.Column("proposed", sa.LargeBinary(), nullable=True, comment="the agent's device on offer"),
        sa.Column(
            "reserved_at",
            sa.BigInteger(),
            nullable=True,
            comment="when the customer withdrew a decision whose device is still in the group (Unix ms)",
        ),
        sa.Column(
            "asked_at", sa.BigInteger(), nullable=True, comment="when an agent last asked to let somebody in (Unix ms)"
        ),
        sa.PrimaryKeyConstraint("key"),
        sa.UniqueConstraint("id"),
        comment="one customer's case, from opening until a week after it closed",
    )
    op.create_index("conversation_idle", "conversation", ["stage", "active_at"], unique=False)
    op.create_index("conversation_proposed", "conversation", ["proposed"], unique=False)
    op.create_index("conversation_queue", "conversation", ["desk", "stage", "waiting_since"], unique=False)
    op.create_table(
        "credential",
        sa.Column("credential", sa.Text(), nullable=False, comment="its name"),
        sa.Column("device", sa.LargeBinary(), nullable=False, comment="the device it is about"),
        sa.Column("issued_at", sa.BigInteger(), nullable=False, comment="from when it counts (Unix ms)"),
        sa.Column("expires_at", sa.BigInteger(), nullable=False, comment="until when it counts (Unix ms)"),
        sa.Column("envelope", sa.LargeBinary(), nullable=False, comment="the signed statement, as published"),
        sa.Column("void", sa.Boolean(), nullable=False, comment="revoked, or signed by a key that may no longer issue"),
        sa.Column("kept_at", sa.BigInteger(), nullable=False, comment="when it was published here (Unix ms)"),
        sa.PrimaryKeyConstraint("credential"),
        comment="published credentials of agents' devices",
    )
    op.create_index("credential_device", "credential", ["device"], unique=False)
    op.create_table(
        "incident",
        sa.Column("incident", sa.Text(), nullable=False, comment="its name"),
        sa.Column("envelope", sa.LargeBinary(), nullable=False, comment="the signed notice"),
        sa.Column(
            "issued_at", sa.BigInteger(), nullable=False, comment="when it was signed; a correction is newer (Unix ms)"
        ),
        sa.Column(
            "affects_from",
            sa.BigInteger(),
            nullable=False,
            comment="told to the customers of conversations opened from here (Unix ms)",
        ),
        sa.Column("affects_to", sa.BigInteger(), nullable=False, comment="until before here (Unix ms)"),
        sa.Column("expires_at", sa.BigInteger(), nullable=False, comment="until when it is told (Unix ms)"),
        sa.Column("kept_at", sa.BigInteger(), nullable=False, comment="when it was published here (Unix ms)"),
        sa.PrimaryKeyConstraint("incident"),
        comment="notices of incidents in force; who has read one is not kept",
    )
    op.create_table(
        "key_package",
        sa.Column("reference", sa.LargeBinary(), nullable=False, comment="its KeyPackageRef"),
        sa.Column("device", sa.LargeBinary(), nullable=False, comment="whose it is"),
        sa.Column("last_resort", sa.Boolean(), nullable=False, comment="may be used more than once"),
        sa.Column("expires_at", sa.BigInteger(), nullable=False, comment="end of its lifetime (Unix ms)"),
        sa.Column("package", sa.LargeBinary(), nullable=False, comment="the public bundle"),
        sa.PrimaryKeyConstraint("reference"),
        comment="public bundles by which a device can be added; a single-use one leaves when it is claimed",
    )
    op.create_index("key_package_device", "key_package", ["device"], unique=False)
    op.create_index("key_package_expiry", "key_package", ["expires_at"], unique=False)
    op.create_table(
        "ledger",
        sa.Column("index", sa.Integer(), autoincrement=False, nullable=False, comment="place in the ledger, from 1"),
        sa.Column(
            "event",
            sa.Text(),
            nullable=False,
            comment="what happened: open, request, give, refuse, defer, withdraw, expire, invalidate or renew",
        ),
        sa.Column("conversation", sa.LargeBinary(), nullable=False, comment="random name of the conversation"),
        sa.Column(
            "subject",
            sa.LargeBinary(),
            nullable=False,
            comment="the request, or the decision that nobody asked for, which it is about",
        ),
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="SHA-256 of what was signed"),
        sa.Column(
            "signed",
            sa.LargeBinary(),
            nullable=False,
            comment="the decision or withdrawal as the customer signed it, or the relay's own statement",
        ),
        sa.Column("receipt", sa.LargeBinary(), nullable=True, comment="the receipt given to the customer for it"),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False, comment="when it was taken (Unix ms)"),
        sa.PrimaryKeyConstraint("index"),
        comment="decisions of customers and what became of them, as evidence",
    )
    op.create_index("ledger_conversation", "ledger", ["conversation"], unique=False)
    op.create_table(
        "policy",
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="SHA-256 of the file"),
        sa.Column("body", sa.LargeBinary(), nullable=False, comment="the policy file"),
        sa.Column("kept_at", sa.BigInteger(), nullable=False, comment="when it was published here (Unix ms)"),
        sa.PrimaryKeyConstraint("digest"),
        comment="policy files that customers were or are shown",
    )
    op.create_table(
        "root",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False, comment="its version"),
        sa.Column("envelope", sa.LargeBinary(), nullable=False, comment="the signed document"),
        sa.Column("kept_at", sa.BigInteger(), nullable=False, comment="when it was published here (Unix ms)"),
        sa.PrimaryKeyConstraint("version"),
        comment="the organisation's chain of roots",
    )
    op.create_table(
        "site",
        sa.Column("site", sa.Text(), nullable=False, comment="its short name"),
        sa.Column("added_at", sa.BigInteger(), nullable=False, comment="when it was added (Unix ms)"),
        sa.PrimaryKeyConstraint("site"),
        comment="websites with a widget",
    )
    op.create_table(
        "trust",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False, comment="its version"),
        sa.Column("envelope", sa.LargeBinary(), nullable=False, comment="the signed document"),
        sa.Column("kept_at", sa.BigInteger(), nullable=False, comment="when it was published here (Unix ms)"),
        sa.PrimaryKeyConstraint("version"),
        comment="the trust document in force",
    )
    op.create_table(
        "change",
        sa.Column("conversation", sa.Integer(), autoincrement=False, nullable=False, comment="which conversation"),
        sa.Column("group_number", sa.BigInteger(), nullable=False, comment="the group"),
        sa.Column("epoch", sa.BigInteger(), nullable=False, comment="the epoch that ended"),
        sa.Column("device", sa.LargeBinary(), nullable=False, comment="who committed"),
        sa.Column(
            "digest", sa.LargeBinary(), nullable=False, comment="SHA-256 of the commit, to answer a repeated one"
        ),
        sa.Column("seq", sa.BigInteger(), nullable=False, comment="its place in the order"),
        sa.Column("receipt", sa.LargeBinary(), nullable=True, comment="the receipt of the decision it carried"),
        sa.ForeignKeyConstraint(["conversation"], ["conversation.key"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("conversation", "group_number", "epoch"),
        comment="the one commit that won each epoch",
    )
    op.create_table(
        "device",
        sa.Column("device", sa.LargeBinary(), nullable=False, comment="public key of the device"),
        sa.Column("agent", sa.Text(), nullable=False, comment="whose it is"),
        sa.Column("label", sa.Text(), nullable=False, comment="how the agent named it"),
        sa.Column("seen_at", sa.BigInteger(), nullable=False, comment="its first hello (Unix ms)"),
        sa.Column("requested_at", sa.BigInteger(), nullable=True, comment="when it asked for a credential (Unix ms)"),
        sa.ForeignKeyConstraint(["agent"], ["agent.agent"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("device"),
        comment="agents' devices; customers' devices have no row here",
    )
    op.create_index("device_agent", "device", ["agent"], unique=False)
    op.create_table(
        "envelope",
        sa.Column("key", sa.Integer(), nullable=False, comment="the store's own number"),
        sa.Column("conversation", sa.Integer(), autoincrement=False, nullable=False, comment="which conversation"),
        sa.Column("seq", sa.BigInteger(), nullable=False, comment="place in the conversation's order"),
        sa.Column("group_number", sa.BigInteger(), nullable=False, comment="the group it was sealed in"),
        sa.Column("epoch", sa.BigInteger(), nullable=False, comment="the epoch it was sealed in"),
        sa.Column("kind", sa.Text(), nullable=False, comment="message, commit or welcome"),
        sa.Column("sender", sa.LargeBinary(), nullable=False, comment="public key of the sending device"),
        sa.Column(
            "number", sa.BigInteger(), nullable=False, comment="the sender's own number, 0 where it is no message"
        ),
        sa.Column("posted_at", sa.BigInteger(), nullable=False, comment="when it was taken (Unix ms)"),
        sa.Column("expires_at", sa.BigInteger(), nullable=False, comment="when it leaves even undelivered (Unix ms)"),
        sa.Column("recipient", sa.LargeBinary(), nullable=True, comment="the one newcomer a welcome is for"),
        sa.Column("body", sa.LargeBinary(), nullable=False, comment="MLS ciphertext, or a commit"),
        sa.ForeignKeyConstraint(["conversation"], ["conversation.key"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key"),
        sa.UniqueConstraint("conversation", "seq"),
        comment="undelivered ciphertext; a row leaves when every member has acknowledged it, or at its expiry",
    )
    op.create_index("envelope_expiry", "envelope", ["expires_at"], unique=False)
    op.create_table(
        "group_state",
        sa.Column("conversation", sa.Integer(), autoincrement=False, nullable=False, comment="which conversation"),
        sa.Column("group_number", sa.BigInteger(), nullable=False, comment="the group"),
        sa.Column(
            "public", sa.LargeBinary(), nullable=False, comment="the public half of the MLS group: tree and context"
        ),
        sa.Column("memory", sa.LargeBinary(), nullable=False, comment="what the commit gate remembers beside it"),
        sa.ForeignKeyConstraint(["conversation"], ["conversation.key"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("conversation"),
        comment="what the relay needs to judge the next commit; leaves when the conversation closes",
    )
    op.create_table(
        "member",
        sa.Column("conversation", sa.Integer(), autoincrement=False, nullable=False, comment="which conversation"),
        sa.Column("device", sa.LargeBinary(), nullable=False, comment="public key of the member's device"),
        sa.Column("role", sa.Text(), nullable=False, comment="customer, agent, or guest (let in as one device)"),
        sa.Column("since", sa.BigInteger(), nullable=False, comment="delivered from after this sequence number"),
        sa.Column(
            "until",
            sa.BigInteger(),
            nullable=True,
            comment="the last it gets: the commit that removed it, the end of its group, or where the customer withdrew",
        ),
        sa.Column(
            "blocked", sa.Boolean(), nullable=False, comment="its credential was revoked: nothing more is delivered"
        ),
        sa.Column(
            "acked",
            sa.BigInteger(),
            nullable=False,
            comment="its cursor: everything up to here is stored on the device",
        ),
        sa.Column(
            "sent",
            sa.BigInteger(),
            nullable=False,
            comment="the last message number taken from it, to answer a repeated post",
        ),
        sa.Column("sent_seq", sa.BigInteger(), nullable=False, comment="the place that message got"),
        sa.Column("sent_at", sa.BigInteger(), nullable=False, comment="when that message was taken (Unix ms)"),
        sa.Column("hushed", sa.Boolean(), nullable=False, comment="in an open handoff: it may not write"),
        sa.Column(
            "frozen",
            sa.Boolean(),
            nullable=False,
            comment="its group is over, and the conversation went on in another",
        ),
        sa.Column("stuck", sa.Boolean(), nullable=False, comment="it says that it cannot follow the group"),
        sa.ForeignKeyConstraint(["conversation"], ["conversation.key"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("conversation", "device"),
        comment="a device's stay in a conversation",
    )
    op.create_index("member_device", "member", ["device"], unique=False)
    op.create_table(
        "handoff",
        sa.Column("conversation", sa.Integer(), autoincrement=False, nullable=False, comment="which conversation"),
        sa.Column("giver", sa.LargeBinary(), nullable=False, comment="the agent's device that hands it over"),
        sa.Column(
            "to",
            sa.Text(),
            nullable=True,
            comment="sign-in name of the colleague who was asked; none: anyone of the desk",
        ),
        sa.Column("standing", sa.Text(), nullable=False, comment="how the offer stands"),
        sa.Column("taker", sa.LargeBinary(), nullable=True, comment="the device that accepted"),
        sa.Column("lapses_at", sa.BigInteger(), nullable=False, comment="when it is given up, or forgotten (Unix ms)"),
        sa.ForeignKeyConstraint(["conversation"], ["conversation.key"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("conversation"),
        comment="offers to take over a conversation, until the colleague was added or a while after they came to nothing",
    )
    op.create_index("handoff_lapse", "handoff", ["lapses_at"], unique=False)
    op.create_table(
        "offer",
        sa.Column("conversation", sa.Integer(), autoincrement=False, nullable=False, comment="which conversation"),
        sa.Column("device", sa.LargeBinary(), nullable=False, comment="the agent's device on offer"),
        sa.Column("package", sa.LargeBinary(), nullable=False, comment="the key package claimed for it"),
        sa.Column("offered_at", sa.BigInteger(), nullable=False, comment="when it was taken (Unix ms)"),
        sa.ForeignKeyConstraint(["conversation"], ["conversation.key"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("conversation"),
        comment="the device offered to who lets it in, until it was added",
    )
    op.create_table(
        "question",
        sa.Column("conversation", sa.Integer(), autoincrement=False, nullable=False, comment="which conversation"),
        sa.Column("request", sa.LargeBinary(), nullable=False, comment="SHA-256 of the relay's request"),
        sa.Column("moment", sa.Text(), nullable=False, comment="what was asked"),
        sa.Column("purpose", sa.Text(), nullable=False, comment="for which purpose"),
        sa.Column("device", sa.LargeBinary(), nullable=False, comment="the device it would let in"),
        sa.Column("credential", sa.Text(), nullable=False, comment="the name of that device's credential"),
        sa.Column("asked_by", sa.LargeBinary(), nullable=False, comment="the agent's device that asked"),
        sa.Column("body", sa.LargeBinary(), nullable=False, comment="the request as the relay signed it"),
        sa.Column("package", sa.LargeBinary(), nullable=False, comment="the key package claimed for it"),
        sa.Column("standing", sa.Text(), nullable=False, comment="where it stands"),
        sa.Column("decision", sa.LargeBinary(), nullable=True, comment="SHA-256 of the decision that answered it"),
        sa.Column("asked_at", sa.BigInteger(), nullable=False, comment="when it was asked (Unix ms)"),
        sa.Column("changed_at", sa.BigInteger(), nullable=False, comment="when it came to stand there (Unix ms)"),
        sa.Column(
            "ends_at", sa.BigInteger(), nullable=False, comment="when time ends the request or the decision (Unix ms)"
        ),
        sa.ForeignKeyConstraint(["conversation"], ["conversation.key"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("conversation", "request"),
        comment="questions to a customer about letting somebody in; gone with the conversation",
    )
    op.create_index("question_end", "question", ["ends_at"], unique=False)
    op.create_table(
        "seat",
        sa.Column("agent", sa.Text(), nullable=False, comment="which agent"),
        sa.Column("desk", sa.Text(), nullable=False, comment="a desk the agent sits at"),
        sa.ForeignKeyConstraint(["agent"], ["agent.agent"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("agent", "desk"),
        comment="who sits at which desk",
    )
    op.create_table(
        "sign_in",
        sa.Column(
            "token_digest", sa.LargeBinary(), nullable=False, comment="SHA-256 of the token; the token is not kept"
        ),
        sa.Column("agent", sa.Text(), nullable=False, comment="which agent"),
        sa.Column("started_at", sa.BigInteger(), nullable=False, comment="when it began (Unix ms)"),
        sa.Column(
            "used_at",
            sa.BigInteger(),
            nullable=False,
            comment="when it was last seen in use, within five minutes (Unix ms)",
        ),
        sa.Column("expires_at", sa.BigInteger(), nullable=False, comment="when it ends at the latest (Unix ms)"),
        sa.Column(
            "device", sa.LargeBinary(), nullable=True, comment="the device it belongs to, from its first hello on"
        ),
        sa.ForeignKeyConstraint(["agent"], ["agent.agent"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_digest"),
        comment="agents' sign-ins in force",
    )
    op.create_index("sign_in_agent", "sign_in", ["agent"], unique=False)
    op.create_index("sign_in_expiry", "sign_in", ["expires_at"], unique=False)
    op.create_index("sign_in_use", "sign_in", ["used_at"], unique=False)
    op.create_table(
        "site_desk",
        sa.Column("site", sa.Text(), nullable=False, comment="which site"),
        sa.Column("desk", sa.Text(), nullable=False, comment="a desk its conversations may be addressed to"),
        sa.ForeignKeyConstraint(["site"], ["site.site"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("site", "desk"),
        comment="a site's desks",
    )
    op.create_table(
        "site_origin",
        sa.Column("site", sa.Text(), nullable=False, comment="which site"),
        sa.Column("origin", sa.Text(), nullable=False, comment="a web origin that may open its widget"),
        sa.ForeignKeyConstraint(["site"], ["site.site"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("site", "origin"),
        comment="where a site's widget may be opened",
    )
    op.create_index("site_origin_origin", "site_origin", ["origin"], unique=False)


def downgrade() -> None:
    op.drop_index("site_origin_origin", table_name="site_origin")
    op.drop_table("site_origin")
    op.drop_table("site_desk")
    op.drop_index("sign_in_use", table_name="sign_in")
    op.drop_index("sign_in_expiry", table_name="sign_in")
    op.drop_index("sign_in_agent", table_name="sign_in")
    op.drop_table("sign_in")
    op.drop_table("seat")
    op.drop_table("offer")
    op.drop_index("handoff_lapse", table_name="handoff")
    op.drop_table("handoff")
    op.drop_index("member_device", table_name="member")
    op.drop_table("member")
    op.drop_table("group_state")
    op.drop_index("envelope_expiry", table_name="envelope")
    op.drop_table("envelope")
    op.drop_index("device_agent", table_name="device")
    op.drop_table("device")
    op.drop_table("change")
    op.drop_table("trust")
    op.drop_table("site")
    op.drop_table("root")
    op.drop_table("policy")
    op.drop_index("ledger_conversation", table_name="ledger")
    op.drop_table("ledger")
    op.drop_index("key_package_expiry", table_name="key_package")
    op.drop_index("key_package_device", table_name="key_package")
    op.drop_table("key_package")
    op.drop_table("incident")
    op.drop_index("credential_device", table_name="credential")
    op.drop_table("credential")
    op.drop_index("conversation_queue", table_name="conversation")
    op.drop_index("conversation_proposed", table_name="conversation")
    op.drop_index("conversation_idle", table_name="conversation")
    op.drop_table("conversation")
    op.drop_table("agent")
