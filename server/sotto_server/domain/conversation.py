"""A conversation and its members, as the relay knows them: numbers, keys and times. Nothing here reads a message."""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from sotto_wire.frames import ConversationCard
from sotto_wire.ids import ConversationId, DeskId, DeviceKey, Digest, Millis, SiteId
from sotto_wire.limits import RESERVED_MS
from sotto_wire.refusals import GroupOver, NotFound, OutOfOrder
from sotto_wire.stages import Act, Stage, advance

Role = Literal["customer", "agent", "guest"]
"""A guest was let in by a decision for its one device: it reads and writes, and moves nothing."""
NOT_KEPT: Final = 0
"""The key of a conversation that the store has not numbered yet."""


class Member(Struct, frozen=True, gc=False):
    """One device's stay in a conversation."""

    device: DeviceKey
    role: Role
    since: int
    """Delivered from here: the sequence number before its first envelope."""
    until: int | None = None
    """The commit that removed it, or where the customer withdrew; it gets nothing after that one."""
    blocked: bool = False
    """Revoked: it gets nothing at all, before any commit has removed it."""
    acked: int = 0
    sent: int = 0
    """The last message number taken from it. T18: with `sent_seq` it answers a repeated post, also after delivery."""
    sent_seq: int = 0
    sent_at: Millis = Millis(0)
    hushed: bool = False
    """In an open handoff: until the newcomer has removed the one before it, neither of the two writes."""
    frozen: bool = False
    """Its group is over, not its place in the conversation: what it missed still comes, and let into the next group it goes on."""
    stuck: bool = False
    """It says that it cannot follow the group."""

    @property
    def is_current(self) -> bool:
        """Whether it is in the group and may speak."""
        return self.until is None and not self.blocked

    @property
    def is_owed(self) -> bool:
        """Whether envelopes must wait for it: current, or removed and not yet told so."""
        return not self.blocked and (self.until is None or self.acked < self.until)

    @property
    def may_read(self) -> bool:
        """Whether anything is delivered to it: a removed member still gets the commit that removed it."""
        return not self.blocked

    @property
    def is_told(self) -> bool:
        """Whether it may know how the conversation stands: it is owed something, or was left behind by a group that is over."""
        return self.is_owed or (self.frozen and not self.blocked)


class Conversation(Struct, frozen=True, gc=False):
    """One case from opening to the end. A change returns a new value; the store compares the two."""

    key: int
    """The store's own number."""
    id: ConversationId
    site: SiteId
    desk: DeskId
    customer: DeviceKey
    opening: Digest
    """SHA-256 of the frames that opened it: the same bytes again get the same answer."""
    opened_at: Millis
    closes_at: Millis
    """The time-box."""
    stage: Stage
    group: int
    epoch: int
    head: int
    """Newest sequence number."""
    gone: int
    """Every envelope up to here has left the store."""
    committed_at: Millis
    active_at: Millis
    """The last message or commit; idle closing counts from here."""
    waiting_since: Millis
    proposed: DeviceKey | None
    """The device the desk offers, until it is added."""
    reserved_at: Millis | None
    """When the customer withdrew a decision whose device is still in the group; none when nobody is to be put out."""
    asked_at: Millis | None
    """When an agent last asked the customer to let somebody in; none: never, and there is no question to look for."""
    members: tuple[Member, ...]

    def member(self, device: DeviceKey) -> Member:
        """The stay of `device`, ended or not; `NotFound` for a stranger."""
        for each in self.members:
            if each.device == device:
                return each
        raise NotFound("not a member")

    def speaker(self, device: DeviceKey) -> Member:
        """The current member `device`; `NotFound` for one who was removed or revoked, `GroupOver` for one of an earlier group."""
        member = self.member(device)
        if member.frozen and not member.blocked:
            raise GroupOver("goes on in the next group")
        if not member.is_current:
            raise NotFound("no longer a member")
        return member

    def reader(self, device: DeviceKey) -> Member:
        """The member `device` to whom something may still be delivered."""
        member = self.member(device)
        if not member.may_read:
            raise NotFound("revoked")
        return member

    def after(self, act: Act) -> Conversation:
        """The same conversation after `act`; `WrongStage` where the table has no such move."""
        stage = advance(self.stage, act)
        return self if stage is self.stage else replace(self, stage=stage)

    def with_member(self, member: Member) -> Conversation:
        """`member` in the place of its earlier stay, or added at the end."""
        kept = tuple(member if each.device == member.device else each for each in self.members)
        if any(each.device == member.device for each in self.members):
            return replace(self, members=kept)
        return replace(self, members=(*kept, member))

    def current(self) -> tuple[Member, ...]:
        return tuple(each for each in self.members if each.is_current)

    def readers(self) -> frozenset[DeviceKey]:
        """Devices to ring when something new stands here."""
        return frozenset(each.device for each in self.members if each.is_told)

    def must_wait(self, device: DeviceKey, *, now: Millis) -> bool:
        """Whether a commit of `device` must give way: after a withdrawal the next one is the customer's."""
        return self.reserved_at is not None and device != self.customer and now < self.reserved_at + RESERVED_MS

    def without_guest(self, device: DeviceKey, *, now: Millis) -> Conversation:
        """The customer withdrew: from here on nothing reaches the device but the commit that removes it, nor is anything taken from it."""
        member = self.member(device)
        if not member.is_current:
            return self
        ended = replace(member, since=self.head, acked=self.head, until=self.head)
        after = replace(self.with_member(ended), reserved_at=now)
        return replace(after, gone=max(after.gone, after.delivered_floor()))

    def has_agent(self) -> bool:
        return any(each.role == "agent" and each.is_current for each in self.members)

    def has_shut_out_agent(self) -> bool:
        """Somebody who was revoked is still in the group: a member removes them, or nobody can."""
        return any(each.role == "agent" and each.blocked and each.until is None for each in self.members)

    def delivered_floor(self) -> int:
        """Every member that is owed something has acknowledged up to here."""
        owed = [each.acked for each in self.members if each.is_owed]
        return min(owed, default=self.head)

    def delivered_to_others(self, device: DeviceKey) -> int:
        """Every other current member has acknowledged up to here; 0 where there is no other."""
        return min((each.acked for each in self.members if each.is_current and each.device != device), default=0)

    def acknowledged(self, member: Member, seq: int) -> Conversation:
        """After `member` stored everything up to `seq`. T19: what does not exist cannot be acknowledged."""
        if seq > (self.head if member.until is None else member.until):
            raise OutOfOrder("acknowledged what does not exist")
        if seq <= member.acked:
            return self
        moved = self.with_member(replace(member, acked=seq))
        return replace(moved, gone=max(moved.gone, moved.delivered_floor()))

    def card(self, device: DeviceKey) -> ConversationCard:
        """What `device` may know of it."""
        mine = next((each for each in self.members if each.device == device), None)
        return ConversationCard(
            conversation=self.id,
            site=self.site,
            desk=self.desk,
            stage=self.stage.value,
            group=self.group,
            epoch=self.epoch,
            head=self.head,
            since=self.head if mine is None else mine.since,
            last_number=0 if mine is None else mine.sent,
            acked=0 if mine is None else mine.acked,
            committed_at=self.committed_at,
            opened_at=self.opened_at,
            closes_at=self.closes_at,
        )
