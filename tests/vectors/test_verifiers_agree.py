"""The same question to the verifiers of both languages: one verdict. What they once answered differently stays here by name."""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING, Final

import pytest
from tests.support.injections import LOOKALIKES, ODD_NAMES
from tests.support.mls_room import CUSTOMER, agent_identity, forge, package_of
from tests.support.verdict_cases import cases
from tests.support.verdict_commits import WORLDS, rooms
from tests.support.verdicts import BrowserVerifiers, Case, python_verdict
from tests.vectors.trust_world import NOW, World, credential, credential_document, document_bytes

from sotto_keys.shared.mls.proposals import Add
from sotto_keys.shared.text_forms import to_base64url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MANY: Final = 1_000
OPENED, ATTENDED = 0, 1


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserVerifiers]:
    started = BrowserVerifiers.start(tmp_path_factory.mktemp("verdicts"))
    started.meet(rooms())
    yield started
    started.stop()


def _entropy(seed: int) -> Callable[[int], bytes]:
    return random.Random(seed).randbytes  # noqa: S311 - a test that failed must fail again


def _of_commit(octets: bytes, *, room: int, world: World | None = None) -> Case:
    world = world or World()
    return Case("commit", octets, room=room, pinned=world.pinned, bundle=world.bundle().to_bytes())


def _shorter_tag() -> Case:
    message = rooms()[OPENED].commit(CUSTOMER).message
    return _of_commit(message[:-33] + b"\x1f" + message[-31:], room=OPENED)


def _two_adds_by_a_revoked_agent() -> Case:
    room = rooms()[ATTENDED]
    packages = [package_of(each, agent_identity(each), entropy=_entropy(1)) for each in ("ben", "cid")]
    adds = [Add(each.public) for each in packages]
    message = forge(room.members["ana"], room.note(), adds, entropy=_entropy(2))
    return _of_commit(message, room=ATTENDED, world=WORLDS[1])


def _added_with(change: int) -> Case:
    """An honest Add, but for one byte of the key package's last signature or of its init key."""
    room = rooms()[OPENED]
    package = package_of("ana", agent_identity("ana"), entropy=_entropy(3)).public
    note = room.note(relies_on=room.start_digest, decision=room.start)
    message = room.commit(CUSTOMER, note, add=[package]).message
    octets = bytearray(package.encode())
    octets[change] ^= 1
    return _of_commit(message.replace(package.encode(), octets), room=OPENED)


def _key_package_of_another_version() -> Case:
    octets = package_of("ana", agent_identity("ana"), entropy=_entropy(4)).public.to_message()
    return Case("key package", octets[:4] + b"\x80\x01" + octets[6:])


def _with_epoch(epoch: bytes) -> bytes:
    message = rooms()[OPENED].commit(CUSTOMER).message
    at = len(b"\x00\x01\x00\x01\x14") + len(rooms()[OPENED].group.group_id)
    return message[:at] + epoch + message[at + 8 :]


def _valid_from_far_ahead() -> Case:
    package = package_of("ana", agent_identity("ana"), entropy=_entropy(5)).public
    assert package.leaf.lifetime is not None
    not_before = package.leaf.lifetime.encode()[:8]
    return Case("key package", package.to_message().replace(not_before, b"\x80" + not_before[1:]))


def _too_many_roots_in_no_spelling() -> Case:
    trust = to_base64url(World().trust)
    return Case("bundle", document_bytes({"roots": ["=" for _ in range(66)], "trust": trust}), pinned=World().pinned)


ONCE_DIFFERENT: Final = {
    "a membership tag of 31 bytes": (_shorter_tag, "bad_frame"),
    "two Adds by a revoked agent": (_two_adds_by_a_revoked_agent, "untrusted"),
    "an Add whose key package is not signed": (lambda: _added_with(-1), "untrusted"),
    "an Add whose key package was signed with another init key": (lambda: _added_with(6), "untrusted"),
    "a key package of another version of MLS": (_key_package_of_another_version, "malformed"),
    "an epoch beyond what a browser counts": (
        lambda: _of_commit(_with_epoch(b"\x00\x20" + bytes(6)), room=OPENED),
        "bad_frame",
    ),
    "a key package that is valid from beyond what a browser counts": (_valid_from_far_ahead, "ok"),
    "more roots than a chain may have, in no spelling": (_too_many_roots_in_no_spelling, "forked"),
}


@pytest.mark.parametrize("name", ONCE_DIFFERENT)
@pytest.mark.timeout(120)
def test_what_was_once_answered_differently_has_one_answer(browser: BrowserVerifiers, name: str) -> None:
    make, wanted = ONCE_DIFFERENT[name]
    case = make()
    ours, theirs = python_verdict(case, rooms()), *browser.ask([case])
    assert (ours.split()[0], theirs) == (wanted, ours)


@pytest.mark.parametrize(("names", "wanted"), [(ODD_NAMES, "malformed"), (LOOKALIKES, "ok")], ids=["odd", "alike"])
@pytest.mark.timeout(120)
def test_a_name_may_look_like_another_and_never_turn_hide_or_stretch_what_is_beside_it(
    browser: BrowserVerifiers, names: tuple[str, ...], wanted: str
) -> None:
    # T35. What a look-alike may do is in the credential, and so is what the screen says of it.
    world = World()
    bundle = world.bundle().to_bytes()
    asked = [
        Case(
            "credential", credential(credential_document() | {field: name}), at=NOW, pinned=world.pinned, bundle=bundle
        )
        for name in names
        for field in ("name", "device")
    ]
    verdicts = [python_verdict(case) for case in asked]
    assert {verdict.split()[0] for verdict in verdicts} == {wanted}
    assert browser.ask(asked) == verdicts


@pytest.mark.timeout(240)
def test_a_thousand_changed_documents_have_the_same_verdict_in_both_languages(browser: BrowserVerifiers) -> None:
    asked = list(itertools.islice(cases(random.Random(20261125)), MANY))  # noqa: S311 - a test that failed must fail again
    ours = [python_verdict(case, rooms()) for case in asked]
    theirs = browser.ask(asked)
    assert [(case, *both) for case, *both in zip(asked, ours, theirs, strict=True) if both[0] != both[1]] == []
    assert {case.door for case, verdict in zip(asked, ours, strict=True) if verdict.startswith("ok")} == {
        case.door for case in asked
    }, "behind some door nothing was ever accepted"
