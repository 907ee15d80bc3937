"""A program on a leash: it and what it started end with whoever holds the other end of its standard input, however that one ends.

Run as a script it is the post in between. A test run that is killed closes the pipe like one that finishes, so no
browser is left behind. The program has a process group of its own: Ctrl-C reaches the tests, which then end it in order.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

GRACE_S: Final = 3.0
"""For a screen to take its lock away, a browser to write its profile."""


@dataclass
class Leash:
    """Holds the other end. `words` is standard output or standard error, where it was asked for."""

    argv: Sequence[str]
    environment: Mapping[str, str] | None = None
    stdout: int = subprocess.DEVNULL
    stderr: int = subprocess.DEVNULL
    post: subprocess.Popen[str] = field(init=False)

    def __post_init__(self) -> None:
        self.post = subprocess.Popen(
            [sys.executable, "-I", __file__, *self.argv],
            stdin=subprocess.PIPE,
            stdout=self.stdout,
            stderr=self.stderr,
            env=self.environment,
            text=True,
            start_new_session=True,
        )

    @property
    def words(self) -> IO[str]:
        said = self.post.stdout or self.post.stderr
        assert said is not None
        return said

    def wait(self, within_s: float) -> None:
        """Until it ended by itself; `subprocess.TimeoutExpired` if it does not."""
        self.post.wait(within_s)

    def end(self) -> None:
        """Now, with everything that it started."""
        with self.post:  # closes the pipe, then waits
            pass


def _walk(argv: Sequence[str]) -> NoReturn:
    program = subprocess.Popen(argv, stdin=subprocess.DEVNULL, process_group=0)

    def tell(number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(program.pid, number)

    def hold() -> None:
        sys.stdin.read()
        tell(signal.SIGTERM)
        time.sleep(GRACE_S)
        tell(signal.SIGKILL)

    signal.signal(signal.SIGTERM, lambda *_: tell(signal.SIGKILL))
    threading.Thread(target=hold, daemon=True).start()
    code = program.wait()
    tell(signal.SIGKILL)
    os._exit(abs(code))  # the interpreter's own end would wait for the lock that the reading thread holds


if __name__ == "__main__":
    _walk(sys.argv[1:])
