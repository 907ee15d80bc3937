"""Reading a policy file: strict shape first, then what no shape can say (names that must exist, languages that must be complete)."""

from __future__ import annotations

import hashlib
import string
import tomllib
from typing import TYPE_CHECKING, Final

import msgspec

from sotto_server.faults import ConfigFault
from sotto_server.policyfile.shape import Policy
from sotto_wire.ids import Digest
from sotto_wire.limits import DOCUMENT_BYTES, ENVELOPE_LIFE_MS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

START_NOTICE: Final = "start"
ENVELOPE: Final = "envelope"
PLACEHOLDERS: Final = frozenset({"controller", "desk"})
_DAY_MS: Final = 24 * 3600 * 1000


class PolicyFault(ConfigFault):
    """The policy file cannot be used; `findings` lists every reason, so that one run shows them all."""

    code = "policy"

    def __init__(self, findings: tuple[str, ...]) -> None:
        super().__init__("; ".join(findings))
        self.findings = findings


def policy_digest(octets: bytes) -> Digest:
    """The name of a policy: SHA-256 of its bytes, not of its meaning."""
    return Digest(hashlib.sha256(octets).digest())


def load_policy(octets: bytes) -> Policy:
    """The policy in `octets` (TOML, UTF-8), or `PolicyFault`."""
    if len(octets) > DOCUMENT_BYTES:
        raise PolicyFault((f"larger than {DOCUMENT_BYTES} bytes",))
    try:
        policy = msgspec.convert(tomllib.loads(octets.decode("utf-8")), Policy)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError, RecursionError) as error:
        raise PolicyFault((str(error),)) from None
    if findings := tuple(_findings(policy)):
        raise PolicyFault(findings)
    return policy


def paragraphs(policy: Policy, *, desk: str, language: str) -> tuple[str, ...]:
    """The start notice as it is shown. Joined by an empty line and encoded in UTF-8, its SHA-256 is the `notice_digest`."""
    label = next(each.label for each in policy.desks if each.id == desk)
    notice = next(each for each in policy.notices if each.id == START_NOTICE)
    filled = notice.text[language].replace("{controller}", policy.controller.name).replace("{desk}", label[language])
    return tuple(each.strip() for each in filled.split("\n\n") if each.strip())


def _findings(policy: Policy) -> Iterator[str]:
    if policy.effective.tzinfo is None:
        yield "effective: a time without a zone"
    if policy.languages.default not in policy.languages.available:
        yield "languages.default is not available"
    for table, ids in _ids(policy).items():
        yield from (f"{table}: {each} twice" for each in sorted({each for each in ids if ids.count(each) > 1}))
    for purpose in policy.purposes:
        if purpose.retention not in policy.retention:
            yield f"purposes.{purpose.id}: no retention class {purpose.retention}"
    yield from _incomplete(policy)
    yield from _notice_findings(policy)
    yield from _envelope_findings(policy)


def _ids(policy: Policy) -> dict[str, list[str]]:
    return {
        "desks": [each.id for each in policy.desks],
        "purposes": [each.id for each in policy.purposes],
        "notices": [each.id for each in policy.notices],
    }


def _incomplete(policy: Policy) -> Iterator[str]:
    texts: list[tuple[str, Mapping[str, str]]] = [
        *((f"desks.{each.id}", each.label) for each in policy.desks),
        *((f"purposes.{each.id}", each.label) for each in policy.purposes),
        *((f"notices.{each.id}", each.text) for each in policy.notices),
    ]
    for name, words in texts:
        if set(words) != set(policy.languages.available):
            yield f"{name}: languages differ from languages.available"


def _notice_findings(policy: Policy) -> Iterator[str]:
    if all(each.id != START_NOTICE for each in policy.notices):
        yield "notices: no notice to start with"
    for notice in policy.notices:
        if notice.material > notice.version:
            yield f"notices.{notice.id}: material is newer than version"
        for unknown in sorted(_placeholders(notice.text.values()) - PLACEHOLDERS):
            yield f"notices.{notice.id}: unknown placeholder {{{unknown}}}"


def _placeholders(texts: Iterable[str]) -> set[str]:
    try:
        return {name for text in texts for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    except ValueError:
        return {"unbalanced braces"}


def _envelope_findings(policy: Policy) -> Iterator[str]:
    kept = policy.retention.get(ENVELOPE)
    if kept is None:
        yield "retention: no class envelope, which says how long undelivered ciphertext waits"
    elif kept.max_days * _DAY_MS < ENVELOPE_LIFE_MS:
        yield f"retention.envelope: the relay keeps undelivered ciphertext for {ENVELOPE_LIFE_MS // _DAY_MS} days"
