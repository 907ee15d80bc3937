"""Records a group of each implementation for the other to replay: `python -m tests.vectors.make_mls_interop` from the checkout's root.

A recording holds the secrets of one newcomer, made for it; what it then receives; and what it must see.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.vectors.mls_members import Browser, BrowserMember, Member, Plan, PythonMember, View

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER: Final = Path(__file__).parent / "mls-interop"
Step = dict[str, object]


def seen(view: View) -> Step:
    """What the reader must see after a commit."""
    names = ("tree_hash", "confirmed", "interim", "terms", "authenticator")
    shown: Step = {name: getattr(view, name).hex() for name in names}
    return {**shown, "epoch": view.epoch, "leaves": [leaf for leaf, _ in view.leaves]}


class Recorder:
    """A creator, three more members, and a reader of the same kind that checks the recording as it is made."""

    def __init__(self, make: Callable[[str], Member]) -> None:
        self.creator, self.reader = make("creator"), make("reader")
        self.others = [make(f"member {number}") for number in range(3)]
        self.inside: list[Member] = [self.creator]
        self.steps: list[Step] = []

    def record(self) -> Step:
        self.creator.create(bytes(20), b"terms")
        for each in self.others:
            self._commit(self.creator, Plan([each.offer()]), newcomer=each)
        interim = self.creator.view().interim
        commit, welcome = self._commit(self.others[0], Plan([self.reader.offer()], note=b"why"), newcomer=self.reader)
        seed, private_part = self.reader.unsafe_for_tests_secrets()
        after = seen(self.reader.view())
        self.steps.clear()
        self._live()
        reader = {"seed": seed.hex(), "private_part": private_part.hex()}
        joining = {"welcome": (welcome or b"").hex(), "commit": commit.hex(), "interim_before": interim.hex()}
        return {**reader, **joining, "after": after, "steps": self.steps}

    def _live(self) -> None:
        a, b, c = self.others
        self._message(self.creator, b"welcome")
        late = b.write(b"late")
        self._commit(c, Plan())
        read = self.reader.read(late)
        self.steps.append({"message": late.hex(), "sender": read.sender, "plaintext": read.plaintext.hex()})
        self._commit(self.creator, Plan(removes=[a.own_leaf()], terms=b"new terms"), gone=a)
        self._message(b, b"x" * 1000)
        self._commit(b, Plan([a.offer()]), newcomer=a)
        self._commit(self.creator, Plan(removes=[c.own_leaf()]), gone=c)
        self._commit(a, Plan())
        self._message(a, b"")
        plan = Plan([c.offer()], [self.reader.own_leaf()])
        commit, _ = self.creator.commit(plan)
        assert self.reader.process(commit)
        self.steps.append({"commit": commit.hex(), "removed": True})

    def _message(self, writer: Member, said: bytes) -> None:
        message = writer.write(said)
        read = self.reader.read(message)
        self.steps.append({"message": message.hex(), "sender": read.sender, "plaintext": said.hex()})

    def _commit(
        self, by: Member, plan: Plan, *, newcomer: Member | None = None, gone: Member | None = None
    ) -> tuple[bytes, bytes | None]:
        commit, welcome = by.commit(plan)
        by.adopt()
        for each in self.inside:
            if each is not by:
                each.process(commit)
        if newcomer is not None and welcome is not None:
            newcomer.join(welcome)
            self.inside.append(newcomer)
        if gone is not None:
            self.inside.remove(gone)
        self.steps.append({"commit": commit.hex(), **seen(by.view())})
        return commit, welcome


def main() -> int:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        browser = Browser.start(Path(folder))
        makers: dict[str, Callable[[str], Member]] = {
            "python": PythonMember,
            "browser": lambda name: BrowserMember(name, browser),
        }
        for made_by, make in makers.items():
            recorded = {"made_by": made_by, **Recorder(make).record()}
            (FOLDER / f"made-by-{made_by}.json").write_text(json.dumps(recorded, indent=1) + "\n")
        browser.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
