"""Take published documents. They prove themselves: nothing is asked of who sends them, everything of what is sent."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from msgspec.structs import replace

from sotto_keys.shared.credential import open_credential
from sotto_keys.shared.dsse import parse_envelope
from sotto_keys.shared.incident import judge_incident
from sotto_keys.shared.root import parse_root, verify_root
from sotto_keys.shared.trust_bundle import TrustBundle
from sotto_keys.shared.trust_chain import TrustState, judge_bundle
from sotto_keys.shared.untrusted import Forked, Lapsed, Replayed, UnknownCredential, Untrusted
from sotto_server.domain.documents import PolicyEntry, RootEntry, TrustEntry
from sotto_server.domain.rings import Rings
from sotto_server.usecases.incidents import judge_incidents_again, publish_incident
from sotto_server.usecases.shut_out import shut_out
from sotto_server.usecases.standing import keep_credential
from sotto_wire.ids import Digest, Millis
from sotto_wire.refusals import NotNewer, Unavailable

if TYPE_CHECKING:
    from sotto_keys.shared.credential import Credential
    from sotto_server.domain.directory import CredentialEntry
    from sotto_server.ports import Unit


@dataclass(frozen=True, slots=True)
class Documents:
    """What was sent, as published bytes: envelopes, and policy files as they are."""

    roots: tuple[bytes, ...] = ()
    trust: bytes | None = None
    credentials: tuple[bytes, ...] = ()
    policies: tuple[bytes, ...] = ()
    incidents: tuple[bytes, ...] = ()


def anchor_root(unit: Unit, envelope: bytes, /, *, now: Millis) -> None:
    """Set the relay up with the root it pins; `NotNewer` when it has another one already, `Untrusted` when it is none."""
    parsed = parse_envelope(envelope)
    document = parse_root(parsed.payload)
    verify_root(parsed, document)
    first = next(iter(unit.roots.find()), None)
    if first is not None and parse_envelope(first.envelope).digest != parsed.digest:
        raise NotNewer("another root is pinned")
    if first is None:
        unit.roots.put(RootEntry(version=document.version, envelope=envelope, kept_at=now))


@dataclass(frozen=True, slots=True)
class _Proven:
    """Roots and trust that hold together, and what of them is new."""

    state: TrustState
    new_roots: tuple[bytes, ...]
    new_trust: bytes | None
    before: TrustEntry | None


def prove_documents(unit: Unit, documents: Documents, /, *, now: Millis) -> None:
    """A query: every proof that `publish_documents` asks for, so that what a stranger makes up costs the committer nothing."""
    state = _prove_trust(unit, documents).state
    for policy in documents.policies:
        _listed(policy, state=state)
    for credential in documents.credentials:
        _judge(state, credential, now=now)
    for incident in documents.incidents:
        judge_incident(incident, state, now=now)


def publish_documents(unit: Unit, documents: Documents, /, *, now: Millis) -> None:
    """All or nothing. Refuses with `NotNewer`, `Unavailable` (not set up), or any kind of `Untrusted`."""
    state = _publish_trust(unit, _prove_trust(unit, documents), now=now)
    for policy in documents.policies:
        _publish_policy(unit, policy, state=state, now=now)
    for credential in documents.credentials:
        _publish_credential(unit, credential, state=state, now=now)
    for incident in documents.incidents:
        publish_incident(unit, incident, state=state, now=now)


def _prove_trust(unit: Unit, documents: Documents) -> _Proven:
    kept = [each.envelope for each in unit.roots.find()]
    if not kept:
        raise Unavailable("not set up with a root")
    before = unit.trusts.newest()
    roots = _with_newer(kept, documents.roots)
    trust = documents.trust
    if trust is None and before is not None:
        trust = before.envelope
    if trust is None:
        raise Unavailable("no trust document yet")
    pinned = parse_envelope(kept[0]).digest
    known = None
    if before is not None:
        known = judge_bundle(pinned, TrustBundle(roots=tuple(kept), trust=before.envelope), memory=None).memory
    try:
        state = judge_bundle(pinned, TrustBundle(roots=tuple(roots), trust=trust), memory=known)
    except (Replayed, Forked) as error:
        raise NotNewer(str(error)) from None
    # By digest: anybody can add a meaningless signature to a document, and that must not be news to every socket.
    is_new = known is None or state.memory.trust_digest != known.trust_digest
    return _Proven(state, tuple(roots[len(kept) :]), trust if is_new else None, before)


def _publish_trust(unit: Unit, proven: _Proven, *, now: Millis) -> TrustState:
    state, before = proven.state, proven.before
    for envelope in proven.new_roots:
        document = parse_root(parse_envelope(envelope).payload)
        unit.roots.put(RootEntry(version=document.version, envelope=envelope, kept_at=now))
    if proven.new_roots or proven.new_trust is not None:
        state.require_fresh(now)
        kept = before.envelope if before is not None and proven.new_trust is None else proven.new_trust
        assert kept is not None, "there is a trust document, or nothing was proven"
        _keep_trust(unit, TrustEntry(version=state.trust.version, envelope=kept, kept_at=now), before=before)
        # Rule 3: an officer's clock that is ahead must not put a revocation off until the next document.
        _judge_credentials_again(unit, state, now=state.effective_time(now))
        judge_incidents_again(unit, state, now=now)
    return state


def _with_newer(kept: list[bytes], sent: tuple[bytes, ...]) -> list[bytes]:
    """The chain with the roots that are new; `NotNewer` for another root of a version that is kept."""
    digests = {parse_envelope(each).digest for each in kept}
    versions = {parse_root(parse_envelope(each).payload).version for each in kept}
    new = [each for each in sent if parse_envelope(each).digest not in digests]
    ordered = sorted(new, key=lambda each: parse_root(parse_envelope(each).payload).version)
    if any(parse_root(parse_envelope(each).payload).version <= max(versions) for each in ordered):
        raise NotNewer("a root of a version that is kept")
    return kept + ordered


def _keep_trust(unit: Unit, entry: TrustEntry, *, before: TrustEntry | None) -> None:
    if before is not None and before.version != entry.version:
        unit.trusts.remove(before.version)
    unit.trusts.put(entry)
    unit.ring(Rings(trust=True))


def _judge_credentials_again(unit: Unit, state: TrustState, *, now: Millis) -> None:
    """T31: who is revoked is cut off in this very transaction."""
    for each in unit.credentials.find(void=False):
        if _is_void(state, each, now=now):
            unit.credentials.put(replace(each, void=True))
            unit.ring(Rings(devices=frozenset({each.device})))
            shut_out(unit, each.device, now=now)


def _is_void(state: TrustState, entry: CredentialEntry, *, now: Millis) -> bool:
    try:
        # Running out is no revocation: asked is a moment inside its time.
        state.judge_credential(entry.envelope, at=_within(entry.issued_at, entry.expires_at, now))
    except Untrusted:
        return True
    return False


def _within(start: int, end: int, now: int) -> Millis:
    return Millis(min(max(start, now), end - 1))


def _publish_credential(unit: Unit, envelope: bytes, *, state: TrustState, now: Millis) -> None:
    credential = _judge(state, envelope, now=now)
    known = unit.credentials.get(credential.cred_id)
    if known is not None:
        if known.envelope != envelope:
            raise NotNewer("another credential of this name")
        return
    keep_credential(unit, credential, envelope=envelope, now=now)


def _judge(state: TrustState, envelope: bytes, *, now: Millis) -> Credential:
    """A credential in force, or one whose time has yet to come."""
    try:
        return state.judge_credential(envelope, at=state.effective_time(now))
    except Lapsed:
        pass
    credential = open_credential(parse_envelope(envelope), state.roots.newest.document)
    if credential.exp <= now:
        raise Lapsed("a credential that has run out")
    return state.judge_credential(envelope, at=Millis(credential.nbf))


def _publish_policy(unit: Unit, body: bytes, *, state: TrustState, now: Millis) -> None:
    digest = _listed(body, state=state)
    if unit.policies.get(digest) is None:
        unit.policies.put(PolicyEntry(digest=digest, body=body, kept_at=now))


def _listed(body: bytes, *, state: TrustState) -> Digest:
    digest = Digest(sha256(body).digest())
    if all(each.digest != digest.hex() for each in state.trust.policies):
        raise UnknownCredential("a policy that trust does not list")
    return digest
