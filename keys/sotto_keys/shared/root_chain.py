"""From the pinned root to the newest one (client rule 1): a pure walk over envelopes. Trust documents are `trust_chain`'s."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from sotto_keys.shared.root import RootDocument, parse_root, verify_root
from sotto_keys.shared.untrusted import Forked, Inconsistent, Malformed
from sotto_wire.limits import ROOT_HOPS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sotto_keys.shared.dsse import Envelope
    from sotto_wire.ids import Digest


@dataclass(frozen=True, slots=True)
class RootLink:
    """One verified root of the chain."""

    document: RootDocument
    digest: Digest


@dataclass(frozen=True, slots=True)
class RootChain:
    """The verified roots, from the pinned one on, and the digests of its ancestors as far as they were shown."""

    links: tuple[RootLink, ...]
    ancestors: frozenset[Digest]

    @property
    def newest(self) -> RootLink:
        return self.links[-1]

    def knows(self, digest: bytes) -> bool:
        """Whether this is a root of the same organisation, before or after the pinned one."""
        return digest in self.ancestors or any(link.digest == digest for link in self.links)

    def digest_of(self, version: int) -> Digest | None:
        """The digest of the verified root of that version."""
        return next((link.digest for link in self.links if link.document.version == version), None)

    def drops_issuing_key_after(self, version: int) -> bool:
        """Whether a root later than `version` took a key out of the issuing role."""
        roles = [set(link.document.roles.issuing.keyids) for link in self.links if link.document.version >= version]
        return any(before - after for before, after in pairwise(roles))


def walk_roots(pinned: Digest, envelopes: Sequence[Envelope]) -> RootChain:
    """Start at the root the snippet pins and follow each next one; the first that does not follow is refused, and the walk with it.

    `Forked`: the pinned root is not there, a version or predecessor does not follow, more than 64 hops. `BadSignature`: the old or the
    new threshold is missing. `Inconsistent`: another organisation. `Malformed`: not a root.
    """
    start = next((index for index, each in enumerate(envelopes) if each.digest == pinned), None)
    if start is None:
        raise Forked("the pinned root is not in the chain")
    if len(envelopes) - start - 1 > ROOT_HOPS:
        raise Forked("too many hops")  # T26
    first = envelopes[start]
    document = parse_root(first.payload)  # its digest is pinned, which says more than a signature
    verify_root(first, document)
    links = [RootLink(document=document, digest=first.digest)]
    for envelope in envelopes[start + 1 :]:
        links.append(_follow(links[-1], envelope))
    return RootChain(links=tuple(links), ancestors=_ancestors(document, envelopes[:start]))


def _follow(last: RootLink, envelope: Envelope) -> RootLink:
    verify_root(envelope, last.document)
    document = parse_root(envelope.payload)
    verify_root(envelope, document)  # the new keys prove that somebody holds them
    if document.version != last.document.version + 1 or document.prev_sha256 != last.digest.hex():
        raise Forked("a root that does not follow")
    if document.org != last.document.org:
        raise Inconsistent("another organisation")
    return RootLink(document=document, digest=envelope.digest)


def _ancestors(pinned: RootDocument, earlier: Sequence[Envelope]) -> frozenset[Digest]:
    # Backwards each root names its predecessor by hash, so no signature is needed to know an ancestor.
    known: set[Digest] = set()
    wanted = pinned.prev_sha256
    for envelope in reversed(earlier):
        if envelope.digest.hex() != wanted:
            break
        known.add(envelope.digest)
        try:
            wanted = parse_root(envelope.payload).prev_sha256
        except Malformed:
            break
    return frozenset(known)
