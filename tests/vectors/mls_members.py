"""Two implementations of one member, behind one face: ours in Python, and the browser's, run by Node and driven by JSON lines."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from sotto_keys.device.mls.application_messages import decrypt, encrypt
from sotto_keys.device.mls.committing import PendingCommit, adopt_commit, create_commit
from sotto_keys.device.mls.create_group import create_group, group_extensions
from sotto_keys.device.mls.joining import join
from sotto_keys.device.mls.own_key_package import OwnKeyPackage, create_key_package
from sotto_keys.device.mls.processing import process_commit
from sotto_keys.device.mls.secret_bytes import SecretBytes
from sotto_keys.device.mls.stored_member import member_from_bytes, member_to_bytes, pending_from_bytes, pending_to_bytes
from sotto_keys.shared.mls.key_package import parse_key_package
from sotto_keys.shared.untrusted import Untrusted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sotto_keys.device.mls.member import Member as PythonState

WEB: Final = Path(__file__).resolve().parents[2] / "client_web"
WEEK_S: Final = 7 * 24 * 3600


class MemberRefusedError(Exception):
    """A member refused what it was given."""


@dataclass(frozen=True, slots=True)
class View:
    """What all members of an epoch see alike."""

    epoch: int
    group_id: bytes
    tree_hash: bytes
    confirmed: bytes
    interim: bytes
    terms: bytes
    authenticator: bytes
    leaves: tuple[tuple[int, bytes], ...]
    """Leaf number and LeafNode."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One commit."""

    adds: Sequence[bytes] = ()
    removes: Sequence[int] = ()
    terms: bytes | None = None
    note: bytes = b""


@dataclass(frozen=True, slots=True)
class Read:
    """One opened message."""

    sender: int
    plaintext: bytes
    epoch: int


class Member(Protocol):
    """What every member can do, whoever wrote it."""

    name: str

    def offer(self) -> bytes: ...
    def unsafe_for_tests_secrets(self) -> tuple[bytes, bytes]: ...
    def create(self, group_id: bytes, terms: bytes) -> bytes: ...
    def commit(self, plan: Plan) -> tuple[bytes, bytes | None]: ...
    def adopt(self) -> None: ...
    def process(self, commit: bytes) -> bool: ...
    def join(self, welcome: bytes) -> None: ...
    def write(self, plaintext: bytes) -> bytes: ...
    def read(self, message: bytes) -> Read: ...
    def own_leaf(self) -> int: ...
    def view(self) -> View: ...


@dataclass(slots=True)
class PythonMember:
    """`sotto_keys.device.mls`; the state is stored and loaded at every step."""

    name: str
    seed: SecretBytes = field(default_factory=lambda: SecretBytes(secrets.token_bytes(32)))
    own: OwnKeyPackage | None = None
    stored: bytes = b""
    pending: bytes = b""

    def _state(self) -> PythonState:
        return member_from_bytes(self.stored)

    def _keep(self, state: PythonState) -> None:
        self.stored = member_to_bytes(state)

    def _new_key_package(self) -> OwnKeyPackage:
        now = int(time.time())
        identity = self.name.encode()
        return create_key_package(self.seed, identity, now=now, not_after=now + WEEK_S, entropy=secrets.token_bytes)

    def offer(self) -> bytes:
        self.own = self._new_key_package()
        return self.own.public.to_message()

    def unsafe_for_tests_secrets(self) -> tuple[bytes, bytes]:
        """Signature seed; init key ‖ encryption key of the key package offered last."""
        assert self.own is not None
        return bytes(self.seed), bytes(self.own.init_key) + bytes(self.own.encryption_key)

    def create(self, group_id: bytes, terms: bytes) -> bytes:
        own, extensions = self._new_key_package(), group_extensions(terms)
        entropy = secrets.token_bytes
        state = create_group(group_id, own, signing_key=self.seed, extensions=extensions, entropy=entropy)
        self._keep(state)
        return state.group_info().to_message()

    def commit(self, plan: Plan) -> tuple[bytes, bytes | None]:
        pending = create_commit(
            self._state(),
            authenticated_data=plan.note,
            entropy=secrets.token_bytes,
            add=[parse_key_package(each) for each in plan.adds],
            remove=plan.removes,
            extensions=None if plan.terms is None else group_extensions(plan.terms),
        )
        self.pending = pending_to_bytes(pending)
        return pending.message, pending.welcome

    def adopt(self) -> None:
        pending: PendingCommit = pending_from_bytes(self.pending)
        self._keep(adopt_commit(self._state(), pending))

    def process(self, commit: bytes) -> bool:
        try:
            after = process_commit(self._state(), commit).member
        except Untrusted as refused:
            raise MemberRefusedError(repr(refused)) from refused
        if after is not None:
            self._keep(after)
        return after is None

    def join(self, welcome: bytes) -> None:
        assert self.own is not None
        self._keep(join(welcome, self.own, signing_key=self.seed))

    def write(self, plaintext: bytes) -> bytes:
        state, message = encrypt(self._state(), plaintext, entropy=secrets.token_bytes)
        self._keep(state)
        return message

    def read(self, message: bytes) -> Read:
        try:
            state, opened = decrypt(self._state(), message)
        except Untrusted as refused:
            raise MemberRefusedError(repr(refused)) from refused
        self._keep(state)
        return Read(opened.sender, bytes(opened.content), opened.epoch)

    def own_leaf(self) -> int:
        return self._state().own_leaf

    def view(self) -> View:
        state = self._state()
        group = state.group
        assert group.terms is not None
        return View(
            group.epoch,
            group.group_id,
            group.context.tree_hash,
            group.confirmed_transcript_hash,
            group.interim_transcript_hash,
            group.terms,
            bytes(state.epoch_authenticator),
            tuple((leaf, node.encode()) for leaf, node in group.roster()),
        )


@dataclass(slots=True)
class Browser:
    """A Node process that holds any number of ts-mls members, bundled as a browser would get them."""

    process: subprocess.Popen[str]

    @classmethod
    def start(cls, folder: Path) -> Browser:
        node = shutil.which("node")
        assert node is not None, "Node is missing: python3 dev.py setup"
        vite = [node, str(WEB / "node_modules/vite/bin/vite.js")]
        build = [*vite, "build", "--config", "test/mls/interop.config.ts", "--outDir", str(folder)]
        subprocess.run(build, cwd=WEB, check=True, capture_output=True)
        command = [node, str(folder / "interop-cli.js")]
        return cls(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))

    def ask(self, step: str, member: str, **given: object) -> dict[str, object]:
        """One step of one member; `MemberRefusedError` when it refuses."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": step, "member": member, **given}) + "\n")
        self.process.stdin.flush()
        answer: dict[str, object] = json.loads(self.process.stdout.readline())
        if "refused" in answer:
            raise MemberRefusedError(str(answer["refused"]))
        assert "fault" not in answer, answer
        return answer

    def stop(self) -> None:
        with self.process as process:
            process.terminate()


def _bytes(value: object) -> bytes:
    return bytes.fromhex(str(value))


@dataclass(slots=True)
class BrowserMember:
    """`client_web/src/keys/mls`; the state is stored and loaded at every step."""

    name: str
    browser: Browser

    def offer(self) -> bytes:
        return _bytes(self.browser.ask("create-key-package", self.name)["key_package"])

    def unsafe_for_tests_secrets(self) -> tuple[bytes, bytes]:
        """Signature seed; init key ‖ encryption key of the key package offered last."""
        shown = self.browser.ask("unsafe-for-tests-secrets", self.name)
        return _bytes(shown["seed"]), _bytes(shown["private_part"])

    def create(self, group_id: bytes, terms: bytes) -> bytes:
        asked = {"group_id": group_id.hex(), "terms": terms.hex()}
        return _bytes(self.browser.ask("create-group", self.name, **asked)["group_info"])

    def commit(self, plan: Plan) -> tuple[bytes, bytes | None]:
        terms = {} if plan.terms is None else {"terms": plan.terms.hex()}
        adds, removes = [each.hex() for each in plan.adds], list(plan.removes)
        note = plan.note.hex()
        made = self.browser.ask("commit", self.name, adds=adds, removes=removes, authenticated_data=note, **terms)
        return _bytes(made["commit"]), None if made["welcome"] is None else _bytes(made["welcome"])

    def adopt(self) -> None:
        self.browser.ask("adopt", self.name)

    def process(self, commit: bytes) -> bool:
        return bool(self.browser.ask("process", self.name, commit=commit.hex())["removed"])

    def join(self, welcome: bytes) -> None:
        self.browser.ask("join", self.name, welcome=welcome.hex())

    def write(self, plaintext: bytes) -> bytes:
        return _bytes(self.browser.ask("encrypt", self.name, plaintext=plaintext.hex())["message"])

    def read(self, message: bytes) -> Read:
        answer = self.browser.ask("decrypt", self.name, message=message.hex())
        return Read(int(str(answer["sender"])), _bytes(answer["plaintext"]), int(str(answer["epoch"])))

    def own_leaf(self) -> int:
        return int(str(self.browser.ask("view", self.name)["own_leaf"]))

    def view(self) -> View:
        seen = self.browser.ask("view", self.name)
        roster = seen["roster"]
        assert isinstance(roster, list)
        leaves = tuple((int(leaf), _bytes(node)) for leaf, node in roster)
        return View(
            int(str(seen["epoch"])),
            _bytes(seen["group_id"]),
            _bytes(seen["tree_hash"]),
            _bytes(seen["confirmed"]),
            _bytes(seen["interim"]),
            _bytes(seen["terms"]),
            _bytes(seen["authenticator"]),
            leaves,
        )
