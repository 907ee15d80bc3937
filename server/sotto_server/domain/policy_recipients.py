"""Rules about who else gets data (E040 to E047)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sotto_server.domain.policy_findings import Finding
from sotto_server.domain.policy_keeping import SOON_DAYS
from sotto_server.domain.policy_purposes import CONSENT

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from sotto_keys.shared.policy.shape import Policy, Recipient
    from sotto_server.domain.policy_world import PolicyWorld

_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+:[0-9]{1,5}\Z")
"""Exact name and port: the one way out resolves nothing else."""


def recipient_findings(world: PolicyWorld) -> Iterator[Finding]:
    """Everything this page is about."""
    for recipient in world.policy.recipients:
        path = f"recipients.{recipient.id}"
        yield from _contract(path, recipient, at=world.at)
        yield from _vetting(path, recipient, at=world.at)
        yield from _transfer(path, recipient, world=world)
        yield from _reading(path, recipient, policy=world.policy)
        for host in recipient.hosts:
            if not _HOST.match(host):
                yield Finding("E047", f"{path}.hosts", "an exact host name and port, no wildcard and no http")


def _contract(path: str, recipient: Recipient, *, at: dt.date) -> Iterator[Finding]:
    expires = recipient.contract_expires
    if not recipient.contract_ref.strip() or recipient.contract_signed is None or expires is None:
        yield Finding("E040", f"{path}.contract_ref", "no contract that names a day of signing and an end (Art. 28(3))")
    elif expires < at:
        yield Finding("E041", f"{path}.contract_expires", f"the contract ran out {(at - expires).days} days ago")
    elif (left := (expires - at).days) <= SOON_DAYS:
        yield Finding("W041", f"{path}.contract_expires", f"the contract runs out in {left} days")


def _vetting(path: str, recipient: Recipient, *, at: dt.date) -> Iterator[Finding]:
    due = recipient.vetting_due
    if recipient.vetted_on is None or due is None:
        yield Finding("E042", f"{path}.vetted_on", "nobody looked at how this recipient works")
    elif due < at:
        yield Finding("E042", f"{path}.vetting_due", f"vetting is {(at - due).days} days late")
    elif (left := (due - at).days) <= SOON_DAYS:
        yield Finding("W042", f"{path}.vetting_due", f"vetting is due in {left} days")


def _transfer(path: str, recipient: Recipient, *, world: PolicyWorld) -> Iterator[Finding]:
    for profile in world.named_profiles:
        rules = profile.transfer
        if rules is None or recipient.country in rules.free or recipient.transfer in rules.instruments:
            continue
        known = ", ".join(rules.instruments)
        yield Finding("E043", f"{path}.transfer", f"{profile.name}: {recipient.country} needs one of {known}")


def _reading(path: str, recipient: Recipient, *, policy: Policy) -> Iterator[Finding]:
    for purpose in policy.purposes:
        if recipient.id not in purpose.recipients:
            continue
        if recipient.sees == "plaintext" and purpose.lawful_basis != CONSENT:
            yield Finding("E044", f"{path}.sees", f"it reads under {purpose.id}, which nobody is asked about")
        if purpose.automated and not recipient.no_training_clause:
            yield Finding("E046", f"{path}.no_training_clause", f"{purpose.id} must not train anybody's model")
