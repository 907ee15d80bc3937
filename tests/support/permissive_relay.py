"""`sotto run` with an honest-looking relay that lets every well-made commit pass. `python -m tests.support.permissive_relay run`."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from sotto_cli.demo.commands import Sotto
from sotto_cli.main import cli
from sotto_keys.shared.credential import Credential
from sotto_keys.shared.mls.commit_gate import judge_commit, read_note
from sotto_keys.shared.mls.group_terms import read_terms
from sotto_keys.shared.mls.parsed_commit import parse_commit
from sotto_keys.shared.mls.proposals import Add, GroupContextExtensions, Remove
from sotto_keys.shared.mls.verdict import Newcomer, Verdict
from sotto_keys.shared.text_forms import to_base64url
from sotto_keys.shared.untrusted import Untrusted
from sotto_server.usecases import verify_commit
from sotto_wire.ids import DeviceKey, Digest, Millis
from sotto_wire.refusals import Refused

if TYPE_CHECKING:
    from sotto_keys.shared.mls.group_memory import GroupMemory
    from sotto_keys.shared.mls.parsed_commit import ParsedCommit
    from sotto_keys.shared.mls.public_group import PublicGroup
    from sotto_keys.shared.trust_chain import TrustState
    from sotto_wire.claims import GroupTerms

MODULE = "tests.support.permissive_relay"


class UnsafeForTestsSotto(Sotto):
    """As an operator types it, but `sotto run` is this module's."""

    async def start(self, *words: str, output: int | None = None) -> asyncio.subprocess.Process:
        if words != ("run",):
            return await Sotto.start(self, *words, output=output)
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", MODULE, *words),
            cwd=self.places.checkout,
            env=self.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )


def unsafe_for_tests_judge(
    group: PublicGroup, message: bytes, *, trust: TrustState, memory: GroupMemory, now: Millis | None
) -> Verdict:
    """The honest verdict where there is one, else a made-up one: everything is allowed to everybody."""
    try:
        return judge_commit(group, message, trust=trust, memory=memory, now=now)
    except (Refused, Untrusted):
        return _made_up(group, parse_commit(message))


def _made_up(group: PublicGroup, commit: ParsedCommit) -> Verdict:
    terms = read_terms(group.extensions)
    committer, gone = (
        group.leaf(commit.sender),
        [each.leaf_index for each in commit.proposals if isinstance(each, Remove)],
    )
    assert committer is not None
    removed = [leaf for leaf in map(group.leaf, gone) if leaf is not None]
    return Verdict(
        commit=commit,
        committer=DeviceKey(committer.signature_key),
        by_customer=True,  # else nobody could be added who was not on offer
        note=read_note(commit),
        decision=None,
        terms=_terms_after(commit, terms),
        added=tuple(_newcomer(each, terms) for each in commit.proposals if isinstance(each, Add)),
        removed=tuple(DeviceKey(leaf.signature_key) for leaf in removed),
    )


def _terms_after(commit: ParsedCommit, terms: GroupTerms) -> GroupTerms:
    lists = [each.extensions for each in commit.proposals if isinstance(each, GroupContextExtensions)]
    return read_terms(lists[0]) if lists else terms


def _newcomer(add: Add, terms: GroupTerms) -> Newcomer:
    device = add.key_package.leaf.signature_key
    credential = Credential(
        org="kettle",
        cred_id="c-made-up",
        person="nobody",
        device="Nobody's",
        leaf_key=to_base64url(device),
        name="Nobody",
        kind="human",
        roles=["agent"],
        desks=[terms.desk],
        nbf=0,
        exp=1,
    )
    return Newcomer(device=DeviceKey(device), credential=credential, under=Digest(terms.standing[0]), is_team=True)


if __name__ == "__main__":
    setattr(verify_commit, "judge_commit", unsafe_for_tests_judge)  # noqa: B010 - not an export of that module
    cli()
