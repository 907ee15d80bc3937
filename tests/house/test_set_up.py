"""`dev.py` and the gates: a step is repeated exactly when its inputs changed, and nothing that failed is counted as passed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import dev
import pytest
from tests import gates

if TYPE_CHECKING:
    from pathlib import Path


def a_step(folder: Path) -> tuple[tuple[str, ...], Path]:
    """A program that leaves one more letter in a file each time it runs."""
    return (sys.executable, "-c", "open('ran', 'a').write('x')"), folder


def test_a_step_that_was_done_is_not_done_again(tmp_path: Path) -> None:
    for _ in range(2):
        dev.once(tmp_path / "stamp", "inputs", doing="nothing much", steps=[a_step(tmp_path)])
    assert (tmp_path / "ran").read_text() == "x"


def test_a_step_whose_inputs_changed_is_done_again(tmp_path: Path) -> None:
    for inputs in ("old", "new"):
        dev.once(tmp_path / "stamp", inputs, doing="nothing much", steps=[a_step(tmp_path)])
    assert (tmp_path / "ran").read_text() == "xx"


def test_a_step_that_failed_stops_and_is_tried_again(tmp_path: Path) -> None:
    fails = ((sys.executable, "-c", "raise SystemExit(3)"), tmp_path)
    with pytest.raises(SystemExit, match="failed"):
        dev.once(tmp_path / "stamp", "inputs", doing="nothing much", steps=[a_step(tmp_path), fails])
    dev.once(tmp_path / "stamp", "inputs", doing="nothing much", steps=[a_step(tmp_path)])
    assert (tmp_path / "ran").read_text() == "xx"


@pytest.mark.parametrize(
    ("version", "suffices"),
    [
        ("v18.20.4", False),
        ("v20.18.9", False),
        ("v20.19.0", True),
        ("v21.7.3", False),
        ("v22.12.0", False),
        ("v22.13.0", True),
        ("v24.0.0", True),
        ("who knows", False),
    ],
)
def test_node_suffices_from_the_versions_our_tools_name(tmp_path: Path, version: str, *, suffices: bool) -> None:
    node = tmp_path / "node"
    node.write_text(f"#!/bin/sh\necho {version}\n")
    node.chmod(0o755)
    assert dev.node_suffices(str(node)) is suffices


def test_a_gate_that_fails_is_counted_even_when_its_report_is_clean(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    write = f"open({str(report)!r}, 'w').write('<testsuite tests=\"4\" skipped=\"1\"/>'); raise SystemExit(1)"
    gate = gates.Gate("liar", (sys.executable, "-c", write), tmp_path, report)
    assert gates.judge(gate) == gates.Count(passed=3, failed=1, skipped=1)


def test_a_suite_that_leaves_no_report_has_failed(tmp_path: Path) -> None:
    gate = gates.Gate("crash", (sys.executable, "-c", "raise SystemExit(2)"), tmp_path, tmp_path / "none.xml")
    assert gates.judge(gate) == gates.Count(passed=0, failed=1)


def test_a_gate_whose_program_is_missing_has_failed(tmp_path: Path) -> None:
    assert gates.judge(gates.Gate("gone", (str(tmp_path / "nothing"),), tmp_path)) == gates.Count(passed=0, failed=1)


def test_a_suite_in_which_nothing_ran_has_failed(tmp_path: Path) -> None:
    gate = gates.Gate("empty", (sys.executable, "-c", "pass"), tmp_path, tmp_path / "none.xml")
    assert gates.judge(gate) == gates.Count(passed=0, failed=1)


def test_an_old_report_is_not_counted_again(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text('<testsuite tests="9"/>')
    gate = gates.Gate("crash", (sys.executable, "-c", "raise SystemExit(2)"), tmp_path, report)
    assert gates.judge(gate).passed == 0


def test_continuous_integration_runs_what_a_developer_runs() -> None:
    assert (dev.ROOT / ".ci" / "run").read_text().splitlines()[-1] == "exec python3 dev.py test"


def test_a_gate_beside_the_others_is_counted_and_what_it_said_is_printed_whole(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    says = (sys.executable, "-c", "print('a long story'); raise SystemExit(1)")
    good = gates.Gate("good", (sys.executable, "-c", "pass"), tmp_path)
    assert gates.judge_all((good,), beside=(gates.Gate("beside", says, tmp_path, None, tmp_path / "log"),)) == 1
    said = capfd.readouterr().out
    assert "a long story" in said
    assert "gates: failed: beside" in said
    assert said.splitlines()[-1] == "1 passed, 1 failed, 0 skipped"
