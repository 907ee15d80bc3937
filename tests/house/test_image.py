"""The image is built by the commands of `dev.py`, runs as nobody in particular, and writes only to its volume."""

from __future__ import annotations

import re
from typing import Final

import dev
from tests.house.tracked import ROOT

DOCKERFILE: Final = (ROOT / "Dockerfile").read_text()
STAGES: Final = re.split(r"^(?=FROM )", DOCKERFILE, flags=re.MULTILINE)[1:]
COMPOSE: Final = (ROOT / "compose.yaml").read_text()


def runs(stage: str) -> list[str]:
    return re.findall(r"^RUN (.+)$", stage, re.MULTILINE)


def test_the_web_is_installed_and_built_by_the_steps_of_dev() -> None:
    assert runs(STAGES[0]) == [f"npm {' '.join(step)}" for step in (*dev.NPM_STEPS, dev.NPM_BUILD)]


def test_python_packages_are_installed_by_the_steps_of_dev() -> None:
    locks = " ".join(f"-r {lock}" for lock in dev.RUN_LOCKS)
    expected = [f"python {' '.join(dev.PIP_INSTALL)} {locks}", f"python {' '.join(dev.PIP_PROJECT)} ."]
    assert [run for run in runs(STAGES[1]) if "pip install" in run] == expected


def test_what_only_building_needed_is_not_needed_to_run() -> None:
    def locked(lock: str) -> set[str]:
        return set(re.findall(r"^([\w.-]+)==", (ROOT / lock).read_text(), re.MULTILINE))

    assert locked("requirements.lock") & locked("requirements-build.lock") == set()


def test_the_last_stage_installs_nothing_and_is_not_root() -> None:
    assert "pip" not in STAGES[-1]
    assert "apt-get" not in DOCKERFILE
    assert "USER 10001:10001" in STAGES[-1]


def test_the_image_says_how_it_is_stopped_and_whether_it_is_well() -> None:
    assert "STOPSIGNAL SIGTERM" in STAGES[-1]
    assert 'CMD ["sotto", "healthcheck"]' in STAGES[-1]
    assert "VOLUME /data" in STAGES[-1]


def test_everything_that_is_copied_from_the_checkout_is_let_into_the_build() -> None:
    let_in = set(re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    copied = [
        word for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE) for word in line.split()
    ]
    assert {word.split("/")[0] for word in copied} == let_in


def test_the_composed_relay_has_a_read_only_root_and_no_privileges() -> None:
    for line in ("read_only: true", "cap_drop: [ALL]", "no-new-privileges:true", '"127.0.0.1:8080:8080"'):
        assert line in COMPOSE
