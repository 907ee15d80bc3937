"""The Python member replays a group that the browser's members made, and one of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from sotto_keys.device.mls.application_messages import decrypt
from sotto_keys.device.mls.joining import join
from sotto_keys.device.mls.own_key_package import OwnKeyPackage
from sotto_keys.device.mls.processing import process_commit
from sotto_keys.device.mls.secret_bytes import SecretBytes
from sotto_keys.shared.mls.parsed_commit import parse_commit
from sotto_keys.shared.mls.proposals import Add

if TYPE_CHECKING:
    from sotto_keys.device.mls.member import Member

FOLDER: Final = Path(__file__).parent / "mls-interop"


def looks_as(member: Member, expected: dict[str, object]) -> None:
    group = member.group
    assert member.epoch == expected["epoch"]
    assert member.epoch_authenticator.hex() == expected["authenticator"]
    assert group.context.tree_hash.hex() == expected["tree_hash"]
    assert group.interim_transcript_hash.hex() == expected["interim"]
    assert (group.terms or b"").hex() == expected["terms"]
    assert [leaf for leaf, _ in group.roster()] == expected["leaves"]


@pytest.mark.parametrize("made_by", ["browser", "python"])
def test_a_recorded_group_is_followed_from_the_welcome_to_the_removal(made_by: str) -> None:
    recorded = json.loads((FOLDER / f"made-by-{made_by}.json").read_text())
    private, seed = bytes.fromhex(recorded["private_part"]), SecretBytes(bytes.fromhex(recorded["seed"]))
    added_by = parse_commit(bytes.fromhex(recorded["commit"]))
    package = next(each.key_package for each in added_by.proposals if isinstance(each, Add))
    own = OwnKeyPackage(package, SecretBytes(private[:32]), SecretBytes(private[32:]))
    member: Member | None = join(bytes.fromhex(recorded["welcome"]), own, signing_key=seed)
    assert member is not None
    assert added_by.confirmed_after(bytes.fromhex(recorded["interim_before"])) == member.group.confirmed_transcript_hash
    looks_as(member, recorded["after"])
    for step in recorded["steps"]:
        assert member is not None, "removed before the end"
        if "message" in step:
            member, opened = decrypt(member, bytes.fromhex(step["message"]))
            assert (opened.sender, bytes(opened.content).hex()) == (step["sender"], step["plaintext"])
            continue
        member = process_commit(member, bytes.fromhex(step["commit"])).member
        if member is not None:
            looks_as(member, step)
    assert member is None
