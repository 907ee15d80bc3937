"""Bytes that are kept when they reach a branch that none before reached: atheris, that is libFuzzer, at every parser.

atheris is an extra (`fuzz`) and in no lock: it is built for few platforms, and nothing else needs it.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import click
from tests.support import fuzz_doors

CHECKOUT: Final = Path(fuzz_doors.__file__).parents[2]
INPUT_BYTES: Final = 8_192
"""Longer than every example; branches deep in a parser are reached by structure, not by length."""
ONE_INPUT_WITHIN_S: Final = 10
MEMORY_MIB: Final = 2_048
SHOWN_BYTES: Final = 200


@dataclass(frozen=True, slots=True)
class Guided:
    """What one door was given, and what it did not survive."""

    executions: int
    branches: int
    findings: tuple[bytes, ...]
    said: str


def fuzz_guided(names: tuple[str, ...], *, seconds_each: int, seed: int) -> int:
    """How many findings; libFuzzer ends a door at its first."""
    if find_spec("atheris") is None:
        raise click.ClickException('this needs atheris, which is not installed here: pip install "atheris>=3,<4"')
    found = 0
    for name in names or fuzz_doors.DOOR_NAMES:
        result = try_door(name, seconds=seconds_each, seed=seed)
        found += len(result.findings)
        print(f"{name}: {result.executions} inputs, {result.branches} branches, findings: {len(result.findings)}")
        for octets in result.findings:
            print(f"  {octets[:SHOWN_BYTES].hex()}\n{result.said}")
    return found


def try_door(name: str, *, seconds: int, seed: int) -> Guided:
    with tempfile.TemporaryDirectory() as folder:
        corpus, broken = Path(folder) / "corpus", Path(folder) / "broken"
        corpus.mkdir()
        broken.mkdir()
        limits = (f"-timeout={ONE_INPUT_WITHIN_S}", f"-rss_limit_mb={MEMORY_MIB}", f"-max_len={INPUT_BYTES}")
        how_long = (f"-max_total_time={seconds}", f"-seed={seed}", "-print_final_stats=1")
        argv = (sys.executable, "-m", "sotto_bench.guided_target", name, str(corpus))
        done = subprocess.run(  # noqa: S603 - our own module, a list and never a shell
            [*argv, *limits, *how_long, f"-artifact_prefix={broken}/"],
            cwd=CHECKOUT,
            check=False,
            capture_output=True,
            text=True,
        )
        findings = tuple(file.read_bytes() for file in sorted(broken.iterdir()))
    if done.returncode != 0 and not findings:
        raise click.ClickException(f"{name} did not run: {done.stderr[-2000:]}")
    return Guided(
        _last(r"number_of_executed_units: (\d+)", done.stderr), _last(r"cov: (\d+)", done.stderr), findings, done.stdout
    )


def _last(pattern: str, text: str) -> int:
    return max(map(int, re.findall(pattern, text)), default=0)
