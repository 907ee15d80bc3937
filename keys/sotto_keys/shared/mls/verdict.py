"""What the commit gate found a commit to be, once every rule has let it pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sotto_keys.shared.credential import Credential
    from sotto_keys.shared.decision import Decision
    from sotto_keys.shared.mls.parsed_commit import ParsedCommit
    from sotto_wire.claims import CommitNote, GroupTerms
    from sotto_wire.ids import DeviceKey, Digest


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A device this commit adds, and the decision that lets it in."""

    device: DeviceKey
    credential: Credential
    under: Digest
    is_team: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """An allowed commit. Its signatures, hashes and path are still to be checked by `PublicGroup.advance` or the member."""

    commit: ParsedCommit
    committer: DeviceKey
    by_customer: bool
    note: CommitNote
    decision: Decision | None
    """The decision in the note: new, or the standing one that an Add relies on."""
    terms: GroupTerms
    """As they stand after the commit."""
    added: tuple[Newcomer, ...]
    removed: tuple[DeviceKey, ...]
