"""Reading a policy file: strict shape first, then what no shape can say (names that must exist, languages that must be complete)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sotto_keys.shared.policy.notice_text import FILLINGS, START, placeholders_in
from sotto_keys.shared.policy.reading import NoPolicy, read_policy
from sotto_server.faults import ConfigFault
from sotto_wire.limits import ENVELOPE_LIFE_MS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sotto_keys.shared.policy.shape import Policy

ENVELOPE: Final = "envelope"
_DAY_MS: Final = 24 * 3600 * 1000


class PolicyFault(ConfigFault):
    """The policy file cannot be used; `findings` lists every reason, so that one run shows them all."""

    code = "policy"

    def __init__(self, findings: tuple[str, ...]) -> None:
        super().__init__("; ".join(findings))
        self.findings = findings


def load_policy(octets: bytes) -> Policy:
    """The policy in `octets` (TOML, UTF-8), or `PolicyFault`."""
    try:
        policy = read_policy(octets)
    except NoPolicy as error:
        raise PolicyFault(tuple(f"{path}: {why}" for path, why in error.places)) from None
    if findings := tuple(_findings(policy)):
        raise PolicyFault(findings)
    return policy


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
    if all(each.id != START for each in policy.notices):
        yield "notices: no notice to start with"
    for notice in policy.notices:
        if notice.material > notice.version:
            yield f"notices.{notice.id}: material is newer than version"
        for unknown in sorted(_placeholders(notice.text.values()) - FILLINGS.keys()):
            yield f"notices.{notice.id}: unknown placeholder {{{unknown}}}"


def _placeholders(texts: Iterable[str]) -> frozenset[str]:
    try:
        return frozenset[str]().union(*map(placeholders_in, texts))
    except ValueError:
        return frozenset({"unbalanced braces"})


def _envelope_findings(policy: Policy) -> Iterator[str]:
    kept = policy.retention.get(ENVELOPE)
    if kept is None:
        yield "retention: no class envelope, which says how long undelivered ciphertext waits"
    elif kept.max_days is not None and kept.max_days * _DAY_MS < ENVELOPE_LIFE_MS:
        yield f"retention.envelope: the relay keeps undelivered ciphertext for {ENVELOPE_LIFE_MS // _DAY_MS} days"
