"""The start notice of the policy in force, exactly as it is shown and digested (docs/protocol.md 2.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sotto_keys.shared.policy.notice_text import START, notice_text, purposes_told
from sotto_keys.shared.policy.reading import desk_of, read_policy
from sotto_keys.shared.text_forms import digest_of
from sotto_keys.shared.untrusted import Inconsistent, Malformed
from sotto_wire.ids import Digest
from sotto_wire.refusals import ConsentMissing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sotto_keys.shared.trust_chain import TrustState
    from sotto_wire.ids import Millis


@dataclass(frozen=True, slots=True)
class Notice:
    """What the customer reads before deciding, and the digests that the decision binds."""

    controller: str
    contact: str
    desk: str
    """The desk's name for people."""
    language: str
    paragraphs: tuple[str, ...]
    purpose: str
    policy_digest: Digest
    notice_digest: Digest


def policy_in_force(trust: TrustState, *, now: Millis) -> Digest:
    """The digest of the newest policy in force; `ConsentMissing` where there is none."""
    at = trust.effective_time(now)
    in_force = [each for each in trust.trust.policies if each.nbf <= at < each.exp]
    if not in_force:
        raise ConsentMissing("no policy in force")
    return Digest(bytes.fromhex(max(in_force, key=lambda each: each.nbf).digest))


def read_notice(octets: bytes, *, digest: Digest, desk: str, languages: Sequence[str] = ()) -> Notice:
    """The start notice for a desk, in the first of `languages` that the policy has, else in its default one.

    `Inconsistent` for other bytes than those named, `Malformed` for what lacks something.
    """
    if digest_of(octets) != digest:
        raise Inconsistent("other bytes than the trust document names")
    policy = read_policy(octets)
    language = next((each for each in languages if each in policy.languages.available), policy.languages.default)
    text = notice_text(policy, START, desk=desk, language=language)
    told, label = purposes_told(policy, START), desk_of(policy, desk)
    if not told or label is None:
        raise Malformed("a policy without a start notice for this desk")
    return Notice(
        controller=policy.controller.name,
        contact=policy.controller.contact,
        desk=label.label[language],
        language=language,
        paragraphs=text.paragraphs,
        purpose=told[0].id,
        policy_digest=digest,
        notice_digest=text.digest,
    )
