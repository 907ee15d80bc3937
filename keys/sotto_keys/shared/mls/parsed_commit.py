"""A commit as it travels in Sotto, taken apart for whoever must judge it before anything is processed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sotto_keys.shared.mls.codec import Reader, read_whole
from sotto_keys.shared.mls.commit import Commit, UpdatePath
from sotto_keys.shared.mls.crypto_labels import HASH_BYTES
from sotto_keys.shared.mls.framing import PUBLIC_MESSAGE, AuthenticatedContent, PublicMessage, SenderType
from sotto_keys.shared.mls.leaf_node import MLS10
from sotto_keys.shared.mls.transcript import confirmed_transcript_hash
from sotto_keys.shared.untrusted import Malformed

if TYPE_CHECKING:
    from sotto_keys.shared.mls.framing import FramedContent
    from sotto_keys.shared.mls.proposals import Proposal, ProposalReference

MAX_EPOCH: Final = 2**53 - 1
"""JavaScript reads larger integers as other numbers; both ends must see the same epoch."""


@dataclass(frozen=True, slots=True)
class ParsedCommit:
    """A commit of a member in a PublicMessage. Only its form was checked: neither signature nor tags."""

    sender: int
    """Leaf number of the committer."""
    commit: Commit
    authenticated: AuthenticatedContent
    confirmation_tag: bytes
    membership_tag: bytes

    @property
    def framed(self) -> FramedContent:
        """`FramedContent`; `.encode()` gives its bytes."""
        return self.authenticated.framed

    @property
    def group_id(self) -> bytes:
        """20 bytes in Sotto: conversation ‖ number."""
        return self.framed.group_id

    @property
    def epoch(self) -> int:
        """The epoch that the commit was made in and ends."""
        return self.framed.epoch

    @property
    def authenticated_data(self) -> bytes:
        """The `CommitNote`, not yet parsed."""
        return self.framed.authenticated_data

    @property
    def proposals(self) -> tuple[Proposal | ProposalReference, ...]:
        """Inline proposals and references, in order."""
        return self.commit.proposals

    @property
    def path(self) -> UpdatePath | None:
        """The update path; `.leaf` is the committer's new leaf, `.keys()` all new encryption keys."""
        return self.commit.path

    @property
    def signature(self) -> bytes:
        """The signature over the content, 64 bytes when it can be valid."""
        return self.authenticated.signature

    def confirmed_after(self, interim_before: bytes) -> bytes:
        """The confirmed transcript hash of the epoch that this commit begins.

        A newcomer compares it with its GroupInfo: `interim_before` is what the relay says it was before this commit.
        """
        return confirmed_transcript_hash(interim_before, self.authenticated)


def read_public_message(reader: Reader) -> PublicMessage:
    """MLSMessage with a PublicMessage."""
    if (reader.uint16(), reader.uint16()) != (MLS10, PUBLIC_MESSAGE):
        raise Malformed("not an MLSMessage with a PublicMessage")
    return PublicMessage.read(reader)


def parse_commit(message: bytes) -> ParsedCommit:
    """A member's commit out of its MLSMessage; anything else is refused with `Malformed`."""
    public = read_whole(message, read_public_message)
    authenticated, sender = public.authenticated, public.authenticated.framed.sender
    content, confirmation_tag = authenticated.framed.content, authenticated.confirmation_tag
    if not isinstance(content, Commit) or confirmation_tag is None:
        raise Malformed("not a commit")
    if sender.kind is not SenderType.MEMBER or public.membership_tag is None:
        raise Malformed("a commit by somebody outside the group")
    if len(confirmation_tag) != HASH_BYTES or len(public.membership_tag) != HASH_BYTES:
        raise Malformed("a tag of the wrong length")
    if authenticated.framed.epoch > MAX_EPOCH:
        raise Malformed("an epoch that a browser cannot count to")
    return ParsedCommit(sender.index, content, authenticated, confirmation_tag, public.membership_tag)
