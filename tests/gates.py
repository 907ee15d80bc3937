"""Runs every linter, type checker and suite, and counts them. `dev.py` has set everything up before; nothing is installed here."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

ROOT: Final = Path(__file__).resolve().parents[1]
WEB: Final = ROOT / "client_web"
REPORTS: Final = ROOT / ".dev"
BIN: Final = Path(sys.executable).parent
SLOW_ROOMS: Final = ("browser", "scenario")


@dataclass(frozen=True, slots=True)
class Gate:
    """One tool; `report` is the JUnit file of a tool that counts for itself, `log` where it speaks while others do."""

    name: str
    argv: tuple[str, ...]
    cwd: Path = ROOT
    report: Path | None = None
    log: Path | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """What one gate found."""

    passed: int
    failed: int
    skipped: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)


def npm(script: str, *args: str) -> tuple[str, ...]:
    return (shutil.which("npm") or "npm", "run", "--silent", script, *(("--", *args) if args else ()))


def pytest(*args: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "pytest", *args)


def gates(*pytest_args: str) -> tuple[Gate, ...]:
    """Every gate, the quick ones first."""
    web, python = REPORTS / "vitest.xml", REPORTS / "pytest.xml"
    to_junit = ("--reporter=dot", "--reporter=junit", f"--outputFile.junit={web}")
    return (
        Gate("ruff", (str(BIN / "ruff"), "check", "--quiet", ".")),
        Gate("ruff format", (str(BIN / "ruff"), "format", "--check", "--quiet", ".")),
        Gate("import-linter", (str(BIN / "lint-imports"), "--no-logo")),
        Gate("mypy", (str(BIN / "mypy"),)),
        Gate("biome", npm("lint"), WEB),
        Gate("tsc", npm("typecheck"), WEB),
        Gate("vitest", npm("test", *to_junit), WEB, web),
        Gate("pytest", pytest("-q", f"--junit-xml={python}", *pytest_args), ROOT, python),
    )


def browser_gate(*pytest_args: str) -> Gate:
    """Beside the others: a browser waits for people and the relay for browsers, so that two cores are busy and not one."""
    report = REPORTS / "browser.xml"
    argv = pytest("-q", "tests/browser", f"--junit-xml={report}", *pytest_args)
    return Gate("browser", argv, ROOT, report, REPORTS / "browser.log")


def counted(report: Path) -> Count:
    """What a JUnit report says; nothing when there is none to read."""
    if not report.is_file():
        return Count(0, 0)
    suites = list(ET.parse(report).getroot().iter("testsuite"))  # noqa: S314 - our own runner wrote it
    total, failures, errors, skipped = (
        sum(int(suite.get(key) or 0) for suite in suites) for key in ("tests", "failures", "errors", "skipped")
    )
    return Count(total - failures - errors - skipped, failures + errors, skipped)


def judge(gate: Gate) -> Count:
    """Run one gate. One that ends badly, or in which nothing passed, has failed at least once, whatever its report says."""
    print(f"gates: {gate.name}", flush=True)
    if gate.report:
        gate.report.unlink(missing_ok=True)
    try:
        with gate.log.open("wb") if gate.log else nullcontext() as out:
            code = subprocess.run(
                gate.argv, cwd=gate.cwd, check=False, stdin=subprocess.DEVNULL, stdout=out, stderr=out
            ).returncode
    except OSError as missing:
        print(f"gates: {missing}", flush=True)
        code = 1
    count = counted(gate.report) if gate.report else Count(int(code == 0), 0)
    return Count(count.passed, count.failed or int(code != 0 or not count.passed), count.skipped)


def judge_all(chosen: tuple[Gate, ...], *, beside: tuple[Gate, ...] = ()) -> int:
    """The exit code. Every gate runs, whatever failed before, and the last line counts them."""
    began = time.monotonic()
    REPORTS.mkdir(exist_ok=True)
    with ThreadPoolExecutor() as lanes:
        others = {gate: lanes.submit(judge, gate) for gate in beside}
        counts = {gate.name: judge(gate) for gate in chosen}
    for gate, other in others.items():
        print(gate.log.read_text("utf-8") if gate.log else "", flush=True)
        counts[gate.name] = other.result()
    if failed := [name for name, count in counts.items() if count.failed]:
        print(f"gates: failed: {', '.join(failed)}")
    print(f"gates: {time.monotonic() - began:.0f} s; a linter or type checker counts as one test")
    total = sum(counts.values(), Count(0, 0))
    print(f"{total.passed} passed, {total.failed} failed, {total.skipped} skipped", flush=True)
    return 1 if total.failed else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fast", action="store_true", help="no browser, no scenario")
    parser.add_argument("--browsers", choices=("chromium", "all", "none"), default="chromium")
    given, rest = parser.parse_known_args()
    browsers = "none" if given.fast else given.browsers
    rooms = SLOW_ROOMS if given.fast else ("browser",)
    args = (f"--browsers={browsers}", *(f"--ignore=tests/{room}" for room in rooms))
    if rest:
        print("gates: arguments were given, so pytest runs alone", flush=True)
        alone = args if browsers == "none" else args[:1]
        return subprocess.run(pytest(*alone, *rest), cwd=ROOT, check=False).returncode
    beside = () if browsers == "none" else (browser_gate(f"--browsers={browsers}"),)
    return judge_all(gates(*args), beside=beside)


if __name__ == "__main__":
    sys.exit(main())
