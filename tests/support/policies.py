"""The demo's policy, edited and signed anew: what a person with an editor and somebody else's key would do."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Final

from tests.vectors.trust_world import key

from sotto_keys.shared.policy.reading import read_policy
from sotto_keys.shared.text_forms import to_base64url
from sotto_server.policyfile.check import check_policy
from sotto_server.policyfile.sign import sign_dpia

EXAMPLE: Final = (Path(__file__).parents[2] / "demo" / "policy.example.toml").read_bytes()
ON: Final = dt.date(2026, 11, 24)
AUTHOR: Final = to_base64url(key("policy author").public)


def edited(*replace: str, octets: bytes = EXAMPLE) -> bytes:
    """Each pair of texts replaced, everywhere; the first of a pair must be there."""
    text = octets.decode()
    for before, after in zip(replace[::2], replace[1::2], strict=True):
        assert before in text, before
        text = text.replace(before, after)
    return text.encode()


def signed(octets: bytes) -> bytes:
    """Every assessment approved as the file is now."""
    for dpia in read_policy(octets).dpia:
        octets = sign_dpia(octets, dpia.ref, author=AUTHOR, signer=key("policy approver"))
    return octets


def codes(octets: bytes, *, at: dt.date = ON) -> set[str]:
    """What the check finds."""
    return {each.code for each in check_policy(octets, at=at).findings}
