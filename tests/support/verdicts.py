"""The verifiers of both languages behind the same doors: a case in, one line out. Python answers here, TypeScript in a process."""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tests.support.widget_shop import WEB

from sotto_keys.shared import strict_json
from sotto_keys.shared.credential import Credential
from sotto_keys.shared.decision import covers, verify_decision
from sotto_keys.shared.dsse import parse_envelope
from sotto_keys.shared.mls.commit_gate import judge_commit
from sotto_keys.shared.mls.group_terms import read_terms
from sotto_keys.shared.mls.key_package import parse_key_package
from sotto_keys.shared.mls.parsed_commit import parse_commit
from sotto_keys.shared.trust_bundle import parse_bundle
from sotto_keys.shared.trust_chain import TrustState, judge_bundle, parse_memory
from sotto_keys.shared.untrusted import Untrusted
from sotto_wire.claims import CommitNote, GroupTerms, HelloClaims, Signed
from sotto_wire.codec import decode_claims, encode_claims
from sotto_wire.ids import Digest, Millis
from sotto_wire.refusals import BadFrame, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import Self

    from tests.support.mls_room import Room

    from sotto_keys.shared.strict_json import Json

Told = dict[str, object]


@dataclass(frozen=True, slots=True)
class Case:
    """One question. `room` is the number of a group that both sides were told of."""

    door: str
    octets: bytes
    pinned: bytes = b""
    bundle: bytes = b""
    memory: bytes | None = None
    room: int = 0
    customer: bytes = b""
    conversation: bytes = b""
    terms: bytes = b""
    credential: bytes = b""
    at: int = 0
    asked: dict[str, str] = field(default_factory=dict)

    def told(self) -> Told:
        """As it crosses to the other language."""
        words: Told = {"door": self.door, "octets": self.octets.hex(), "at": self.at, "room": self.room}
        for name in ("pinned", "bundle", "memory", "customer", "conversation", "terms", "credential"):
            if value := getattr(self, name):
                words[name] = value.hex()
        return words | ({"asked": self.asked} if self.asked else {})


@functools.lru_cache(maxsize=256)
def believed(pinned: bytes, bundle: bytes, memory: bytes | None) -> TrustState:
    known = parse_memory(memory) if memory else None
    return judge_bundle(Digest(pinned), parse_bundle(bundle), memory=known)


def _envelope(case: Case) -> str:
    envelope = parse_envelope(case.octets)
    signatures = ",".join(signature.hex() for _, signature in envelope.signatures)
    return f"{envelope.payload_type} {envelope.digest.hex()} {signatures}"


def _bundle(case: Case) -> str:
    state = believed(case.pinned, case.octets, case.memory)
    return f"{state.freshness(Millis(case.at))} {state.memory.to_bytes().hex()}"


def _credential(case: Case) -> str:
    words = dict(case.asked)
    leaf_key = bytes.fromhex(words.pop("leaf_key")) if "leaf_key" in words else None
    state = believed(case.pinned, case.bundle, case.memory)
    found = state.judge_credential(case.octets, at=Millis(case.at), leaf_key=leaf_key, **words)
    return f"{found.cred_id}|{found.name}|{found.person}|{found.device}|{found.device_key.hex()}|{found.kind}"


def _decision(case: Case) -> str:
    decision = verify_decision(decode_claims(case.octets, Signed), case.customer)
    document = strict_json.read(case.credential, Credential)
    terms = decode_claims(case.terms, GroupTerms)
    covered = covers(decision.claims, document, conversation=case.conversation, terms=terms, at=Millis(case.at))
    return f"{decision.digest.hex()} {str(covered).lower()}"


def _commit(case: Case, rooms: Sequence[Room]) -> str:
    room = rooms[case.room]
    trust = believed(case.pinned, case.bundle, case.memory)
    verdict = judge_commit(room.group, case.octets, trust=trust, memory=room.memory, now=None)
    removed = [room.group.find(each) for each in verdict.removed]
    return "|".join((",".join(each.device.hex() for each in verdict.added), ",".join(map(str, removed))))


def _plain(value: Json) -> Json:
    """Objects as lists of pairs, as the other side writes them: what matters is that both read the same."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return [[name, _plain(each)] for name, each in value.items()] if isinstance(value, dict) else value


def _compact(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


DOORS: Final[dict[str, Callable[[Case], str]]] = {
    "json": lambda case: str(len(_compact(_plain(strict_json.parse(case.octets))))),
    "envelope": _envelope,
    "bundle": _bundle,
    "credential": _credential,
    "decision": _decision,
    "hello": lambda case: decode_claims(case.octets, HelloClaims).device.hex(),
    "terms": lambda case: decode_claims(case.octets, GroupTerms).root.hex(),
    "note": lambda case: str(decode_claims(case.octets, CommitNote).committed_at),
    "key package": lambda case: parse_key_package(case.octets).init_key.hex(),
    "commit parsed": lambda case: parse_commit(case.octets).framed.encode().hex(),
}


def python_verdict(case: Case, rooms: Sequence[Room] = ()) -> str:
    """`ok` and what was understood, or the code of the refusal. Any other exception is a finding, and is let through."""
    try:
        return f"ok {_commit(case, rooms) if case.door == 'commit' else DOORS[case.door](case)}"
    except BadFrame as refused:
        return refused.code if case.door == "commit" else "malformed"
    except Refused as refused:
        return refused.code
    except Untrusted as untrusted:
        return untrusted.code


def room_told(room: Room) -> Told:
    """A group and what is remembered of it, as it crosses to the other language."""
    group, memory = room.group, room.memory
    handoff = memory.handoff
    return {
        "group_id": group.group_id.hex(),
        "epoch": group.epoch,
        "extensions": [[each.kind, each.content.hex()] for each in group.extensions],
        "terms": encode_claims(read_terms(group.extensions)).hex(),
        "roster": [[leaf, node.encode().hex()] for leaf, node in group.roster()],
        "keys": [key.hex() for key in group.tree.encryption_keys()],
        "committed_at": memory.committed_at,
        "is_whole": memory.is_whole,
        "decisions": [encode_claims(each).hex() for each in memory.decisions],
        "arrivals": [
            [m.device.hex(), m.by.hex(), m.under.hex(), m.is_team, m.path_at, m.on_call] for m in memory.members
        ],
        "handoff": handoff and [handoff.adder.hex(), handoff.newcomer.hex(), handoff.opened_at],
    }


@dataclass(slots=True)
class BrowserVerifiers:
    """A Node process that answers batches with the browser's code, bundled as a browser would get it."""

    process: subprocess.Popen[str]

    @classmethod
    def start(cls, folder: Path) -> Self:
        node = shutil.which("node")
        assert node is not None, "Node is missing: python3 dev.py setup"
        vite = [node, str(WEB / "node_modules/vite/bin/vite.js")]
        build = [*vite, "build", "--config", "test/fuzz/verdicts.config.ts", "--outDir", str(folder)]
        subprocess.run(build, cwd=WEB, check=True, capture_output=True)
        command = [node, str(folder / "verdicts-cli.js")]
        return cls(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))

    def meet(self, rooms: Sequence[Room]) -> None:
        """Tells it of these groups, before any case about them."""
        self._say({"rooms": [room_told(room) for room in rooms]})
        self._hear()

    def ask(self, cases: Sequence[Case] = ()) -> list[str]:
        """A verdict for each."""
        return self.ask_later(cases)()

    def ask_later(self, cases: Sequence[Case]) -> Callable[[], list[str]]:
        """Lets it work while others do; its verdicts are heard by the call."""
        self._say({"cases": [case.told() for case in cases]})
        return self._hear

    def stop(self) -> None:
        with self.process as process:
            process.terminate()

    def _say(self, words: Told) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()

    def _hear(self) -> list[str]:
        assert self.process.stdout is not None
        verdicts: list[str] = json.loads(self.process.stdout.readline())
        return verdicts
