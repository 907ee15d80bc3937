"""The start notice of the policy in force, exactly as it is shown and digested (docs/protocol.md 2.3)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from sotto_keys.shared.text_forms import digest_of
from sotto_keys.shared.untrusted import Inconsistent, Malformed
from sotto_wire.ids import Digest
from sotto_wire.refusals import ConsentMissing

if TYPE_CHECKING:
    from sotto_keys.shared.trust_chain import TrustState
    from sotto_wire.ids import Millis

START: Final = "start"
SCHEMA: Final = "sotto-privacy/1"


@dataclass(frozen=True, slots=True)
class Notice:
    """What the customer reads before deciding, and the digests that the decision binds."""

    controller: str
    contact: str
    desk: str
    """The desk's name for people."""
    paragraphs: tuple[str, ...]
    purpose: str
    policy_digest: Digest
    notice_digest: Digest


class _Controller(msgspec.Struct):
    name: str
    contact: str


class _Languages(msgspec.Struct):
    default: str


class _Desk(msgspec.Struct):
    id: str
    label: dict[str, str]


class _Purpose(msgspec.Struct):
    id: str
    required_for_chat: bool


class _Notice(msgspec.Struct):
    id: str
    text: dict[str, str]


class _Policy(msgspec.Struct):
    """As much of the file as a client needs; whether the rest is in order is the relay's and the officer's to check."""

    schema: str
    controller: _Controller
    languages: _Languages
    desks: list[_Desk]
    purposes: list[_Purpose]
    notices: list[_Notice]


def policy_in_force(trust: TrustState, *, now: Millis) -> Digest:
    """The digest of the newest policy in force; `ConsentMissing` where there is none."""
    at = trust.effective_time(now)
    in_force = [each for each in trust.trust.policies if each.nbf <= at < each.exp]
    if not in_force:
        raise ConsentMissing("no policy in force")
    return Digest(bytes.fromhex(max(in_force, key=lambda each: each.nbf).digest))


def read_notice(policy: bytes, *, digest: Digest, desk: str) -> Notice:
    """The start notice for a desk. `Inconsistent` for other bytes than those named, `Malformed` for what lacks something."""
    if digest_of(policy) != digest:
        raise Inconsistent("other bytes than the trust document names")
    read = _read(policy)
    try:
        language = read.languages.default
        label = next(each.label for each in read.desks if each.id == desk)[language]
        text = next(each.text for each in read.notices if each.id == START)[language]
        purpose = next(each.id for each in read.purposes if each.required_for_chat)
    except (KeyError, StopIteration):
        raise Malformed("a policy without a start notice for this desk") from None
    filled = text.replace("{controller}", read.controller.name).replace("{desk}", label)
    paragraphs = tuple(each.strip() for each in filled.split("\n\n") if each.strip())
    return Notice(
        controller=read.controller.name,
        contact=read.controller.contact,
        desk=label,
        paragraphs=paragraphs,
        purpose=purpose,
        policy_digest=digest,
        notice_digest=digest_of("\n\n".join(paragraphs).encode()),
    )


def _read(policy: bytes) -> _Policy:
    try:
        read = msgspec.convert(tomllib.loads(policy.decode()), _Policy)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError, RecursionError):
        raise Malformed("policy file") from None
    if read.schema != SCHEMA:
        raise Malformed("a policy file of another form")
    return read
