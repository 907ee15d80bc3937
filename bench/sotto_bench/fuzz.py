"""Many more of what the suite tries: changed bytes at every parser, changed documents to both verifiers, mixed groups.

Runs from a checkout with its test set-up: it asks the same questions by the same code as the tests. `sotto bench fuzz`.
"""

from __future__ import annotations

import itertools
import random
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from tests.support.fuzz_doors import DOOR_NAMES, doors
from tests.support.mixed_groups import run_course
from tests.support.mutations import mutated
from tests.support.verdict_cases import cases
from tests.support.verdict_commits import rooms
from tests.support.verdicts import BrowserVerifiers, Case, python_verdict
from tests.vectors.mls_members import Browser

from sotto_bench.guided import fuzz_guided

if TYPE_CHECKING:
    from collections.abc import Callable

BATCH: Final = 500
FINDINGS_SHOWN: Final = 5


def fuzz_parsers(*, times: int, seed: int) -> int:
    """How many findings; changed bytes at each door in turn."""
    dice, found, taken = random.Random(seed), 0, Counter[str]()  # noqa: S311 - what failed must fail again
    for number, (name, door) in zip(range(times), itertools.cycle(doors().items()), strict=False):
        octets = mutated(dice.choice(door.seeds), dice)
        try:
            taken[name] += door.takes(octets)
        except Exception as error:  # noqa: BLE001 - any is a finding
            found += 1
            print(f"{name}, case {number} of seed {seed}: {error!r}: {octets.hex()[:400]}")
    print(f"parsers: {times} inputs, read: {dict(taken)}, findings: {found}")
    return found


def fuzz_verifiers(*, times: int, seed: int) -> int:
    """How many cases had two verdicts, Python's and the browser's."""
    source, found, answers = cases(random.Random(seed)), 0, Counter[str]()  # noqa: S311 - as above
    with tempfile.TemporaryDirectory() as folder:
        browser = BrowserVerifiers.start(Path(folder))
        browser.meet(rooms())
        for _ in range(0, times, BATCH):
            asked = list(itertools.islice(source, BATCH))
            theirs = browser.ask_later(asked)
            ours = [python_verdict(case, rooms()) for case in asked]
            answers.update(f"{case.door}: {verdict.split()[0]}" for case, verdict in zip(asked, ours, strict=True))
            found += _differing(asked, ours, theirs())
        browser.stop()
    for name, count in sorted(answers.items()):
        print(f"  {count:7} {name}")
    print(f"verifiers: {sum(answers.values())} cases, two verdicts: {found}")
    return found


def _differing(asked: list[Case], ours: list[str], theirs: list[str]) -> int:
    differing = [each for each in zip(asked, ours, theirs, strict=True) if each[1] != each[2]]
    for case, mine, other in differing[:FINDINGS_SHOWN]:
        print(f"{case.door}: Python {mine[:120]}, browser {other[:200]}: {case.told()}")
    return len(differing)


def fuzz_groups(*, times: int, seed: int) -> int:
    """How many groups stopped; each of Python and browser members together."""
    found, commits = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        browser = Browser.start(Path(folder))
        for number in range(seed, seed + times):
            try:
                commits += run_course(browser, number)
            except Exception as error:  # noqa: BLE001 - any is a finding
                found += 1
                print(f"group of seed {number}: {error!r}")
        browser.stop()
    print(f"mixed groups: {times}, commits: {commits}, stopped: {found}")
    return found


PARTS: Final[dict[str, Callable[..., int]]] = {
    "parsers": fuzz_parsers,
    "verifiers": fuzz_verifiers,
    "groups": fuzz_groups,
}


@click.command()
@click.option("--parsers", default=200_000, show_default=True, help="Inputs, over all parsers.")
@click.option("--verifiers", default=100_000, show_default=True, help="Documents put to both languages.")
@click.option("--groups", default=60, show_default=True, help="Mixed groups of 24 commits.")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same run.")
@click.option("--guided", is_flag=True, help="Parsers only, and bytes that follow their branches; needs atheris.")
@click.option("--seconds", default=60, show_default=True, help="With --guided: at each parser.")
@click.option("--door", "names", multiple=True, type=click.Choice(DOOR_NAMES), help="With --guided: only this parser.")
def fuzz(
    *, parsers: int, verifiers: int, groups: int, seed: int, guided: bool, seconds: int, names: tuple[str, ...]
) -> None:
    """Ask parsers and verifiers what the suite asks them, many times. Ends with 1 where there was a finding."""
    if guided:
        raise SystemExit(1 if fuzz_guided(names, seconds_each=seconds, seed=seed) else 0)
    found = 0
    for name, times in {"parsers": parsers, "verifiers": verifiers, "groups": groups}.items():
        began = time.monotonic()
        found += PARTS[name](times=times, seed=seed) if times else 0
        print(f"{name}: {time.monotonic() - began:.0f} s")
    raise SystemExit(1 if found else 0)


if __name__ == "__main__":
    fuzz()
