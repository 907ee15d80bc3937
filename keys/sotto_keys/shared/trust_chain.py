"""What a client believes about an organisation: client rules 1-8 (docs/architecture.md, Trust) as one value that does no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import msgspec

from sotto_keys.shared.credential import Credential, open_credential
from sotto_keys.shared.dsse import parse_envelope
from sotto_keys.shared.root_chain import RootChain, walk_roots
from sotto_keys.shared.trust import TrustDocument, open_trust
from sotto_keys.shared.untrusted import Forked, Inconsistent, Lapsed, Malformed, Replayed, UnknownCredential
from sotto_wire.claims import Bytes32, Count, Time
from sotto_wire.ids import Digest, Millis

if TYPE_CHECKING:
    from sotto_keys.shared.root import RootDocument
    from sotto_keys.shared.trust_bundle import TrustBundle

GRACE_MS: Final = 3600 * 1000
"""Existing conversations may still send for an hour after expiry (rule 7): time for an officer, not for an attacker."""


class Freshness(StrEnum):
    """How far we may act on this trust."""

    FRESH = "fresh"
    GRACE = "grace"
    """No new conversation, nobody new let in; existing ones show it and may send."""
    EXPIRED = "expired"
    """Nothing is sent."""


class TrustMemory(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """What a client keeps (sealed) between runs, so that nobody can show it an older world. Belongs to one pinned root."""

    pinned: Bytes32
    root_version: Count
    root_digest: Bytes32
    trust_version: Count
    trust_digest: Bytes32
    last_signed_ms: Time
    """The newest signed time seen: no clock is believed that is behind it."""

    def to_bytes(self) -> bytes:
        return msgspec.msgpack.encode(self)


def parse_memory(octets: bytes) -> TrustMemory:
    """A kept memory read back, or `Malformed`."""
    try:
        return msgspec.msgpack.decode(octets, type=TrustMemory)
    except msgspec.DecodeError as error:
        raise Malformed(str(error)) from None


@dataclass(frozen=True, slots=True)
class TrustState:
    """A verified chain of roots and the trust document in force."""

    roots: RootChain
    trust: TrustDocument
    memory: TrustMemory

    @property
    def org(self) -> str:
        return self.trust.org

    @property
    def organisation_name(self) -> str:
        """As the newest root states it; shown beside the organisation words."""
        return self.newest_root.name

    @property
    def pinned(self) -> Digest:
        return self.roots.links[0].digest

    @property
    def newest_root(self) -> RootDocument:
        """The root whose keys count now."""
        return self.roots.newest.document

    @property
    def expires_at(self) -> Millis:
        """The earlier end of newest root and trust document: only the *final* root's expiry counts (rule 1)."""
        return Millis(min(self.trust.expires, self.newest_root.expires))

    def effective_time(self, now: Millis) -> Millis:
        """The later of the clock and the last signed time (rule 3)."""
        return Millis(max(now, self.memory.last_signed_ms))

    def clock_is_behind(self, now: Millis) -> bool:
        """Warn: this clock shows a time before something that was already signed."""
        return now < self.memory.last_signed_ms

    def freshness(self, now: Millis) -> Freshness:
        """Rule 7, judged at the effective time."""
        at = self.effective_time(now)
        if at < self.expires_at:
            return Freshness.FRESH
        return Freshness.GRACE if at < self.expires_at + GRACE_MS else Freshness.EXPIRED

    def require_fresh(self, now: Millis) -> None:
        """Before anything new: `Lapsed` unless fresh."""
        if self.freshness(now) is not Freshness.FRESH:
            raise Lapsed("root or trust expired")

    def check_root(self, digest: bytes) -> None:
        """`Forked` unless this is a root of the organisation, before or after the pinned one: pages may pin any of them."""
        if not self.roots.knows(digest):
            raise Forked("a root outside the chain")

    def has_policy(self, digest: bytes, *, at: Millis) -> bool:
        """Whether this policy's notices may be shown at `at`."""
        wanted = digest.hex()
        return any(each.digest == wanted and each.nbf <= at < each.exp for each in self.trust.policies)

    def is_revoked(self, credential: Credential, *, at: Millis) -> bool:
        """Revoked by name, or issued before its person's cut-off, with effect at `at`."""
        cut_off = self.trust.revoke_before.get(credential.person)
        by_person = cut_off is not None and credential.nbf < cut_off <= at
        return by_person or any(each.cred_id == credential.cred_id and each.at <= at for each in self.trust.revoked)

    def judge_credential(
        self,
        envelope: bytes,
        *,
        at: Millis,
        leaf_key: bytes | None = None,
        desk: str | None = None,
        role: str | None = None,
        kind: str | None = None,
    ) -> Credential:
        """The credential, if the organisation stands by it at `at` and it fits what is asked.

        `Malformed`, `BadSignature`, `Inconsistent` (another organisation), `Lapsed` (outside its time), `UnknownCredential` (revoked,
        or not of this leaf key, desk, role or kind).
        """
        credential = open_credential(parse_envelope(envelope), self.newest_root)
        if credential.org != self.org:
            raise Inconsistent("a credential of another organisation")
        if not credential.nbf <= at < credential.exp:
            raise Lapsed("credential outside its time")
        if self.is_revoked(credential, at=at):
            raise UnknownCredential("revoked")
        fits = (
            leaf_key in (None, credential.device_key)
            and (desk is None or desk in credential.desks)
            and (role is None or role in credential.roles)
            and kind in (None, credential.kind)
        )
        if not fits:
            raise UnknownCredential("not of this leaf key, desk, role or kind")
        return credential


def judge_bundle(pinned: Digest, bundle: TrustBundle, *, memory: TrustMemory | None) -> TrustState:
    """Believe a bundle, or refuse it and keep what was believed before.

    `memory` is what this client kept; one of another pinned root says nothing here (whoever edits the snippet starts a new chain,
    rule 8). Expiry is not judged here but by `freshness`, so that an expired world can still be shown for what it is.
    """
    roots = walk_roots(pinned, bundle.root_envelopes())
    remembered = memory if memory is not None and memory.pinned == pinned else None
    if remembered is not None:
        _refuse_older_roots(roots, remembered)
    envelope = parse_envelope(bundle.trust)
    newest = roots.newest
    trust = open_trust(envelope, newest.document)
    if trust.org != newest.document.org or trust.root_version > newest.document.version:
        raise Inconsistent("trust of another organisation or a later root")  # rule 4
    # Rule 5: a stolen issuing key could sign version 2^31, or the year 3000, and lock everybody out for ever.
    floor = remembered if remembered and not roots.drops_issuing_key_after(remembered.root_version) else None
    if floor is not None:
        _refuse_older_trust(trust, envelope.digest, floor)
    return TrustState(
        roots=roots,
        trust=trust,
        memory=TrustMemory(
            pinned=pinned,
            root_version=newest.document.version,
            root_digest=newest.digest,
            trust_version=trust.version,
            trust_digest=envelope.digest,
            last_signed_ms=max(trust.issued, floor.last_signed_ms if floor else 0),
        ),
    )


def _refuse_older_roots(roots: RootChain, remembered: TrustMemory) -> None:
    if roots.newest.document.version < remembered.root_version:
        raise Replayed("an older root")
    if roots.digest_of(remembered.root_version) != remembered.root_digest:
        raise Forked("another root of a version already seen")


def _refuse_older_trust(trust: TrustDocument, digest: Digest, floor: TrustMemory) -> None:
    if trust.version < floor.trust_version:
        raise Replayed("an older trust document")  # rule 2
    if trust.version == floor.trust_version and digest != floor.trust_digest:
        raise Forked("two trust documents of one version")
