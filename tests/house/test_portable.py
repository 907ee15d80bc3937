"""Nothing committed ties the project to one machine or one mirror, and what is installed is known by its hash."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Final

import pytest
from tests.house.tracked import ROOT, name, texts

# Written apart, so that this file passes its own test.
REGISTRIES: Final = tuple(
    f"{host}.{top}"
    for host, top in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("deb.debian", "org"),
        ("docker", "io"),
        ("ghcr", "io"),
        ("quay", "io"),
        ("jsdelivr", "net"),
        ("unpkg", "com"),
    )
)
MACHINE_PATH: Final = re.compile(r"(?<![\w.}$\])-])/(?:work|home|root|Users)/\w|[A-Z]:\\\\?Users")
LOCKS: Final = ("requirements.lock", "requirements-build.lock", "requirements-dev.lock", "requirements-node.lock")
PLATFORMS: Final = (("linux", "x64"), ("linux", "arm64"), ("darwin", "arm64"), ("darwin", "x64"))


def test_no_tracked_file_names_a_package_registry() -> None:
    found = [(name(path), host) for path in texts() for host in REGISTRIES if host in path.read_text(errors="replace")]
    assert found == []


def test_no_tracked_file_knows_a_path_of_somebodys_machine() -> None:
    found = [(name(path), hit[0]) for path in texts() if (hit := MACHINE_PATH.search(path.read_text(errors="replace")))]
    assert found == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_python_package_has_a_version_and_hashes(lock: str) -> None:
    text = (ROOT / lock).read_text()
    blocks = re.split(r"^(?=\w)", text, flags=re.MULTILINE)[1:]
    assert blocks
    assert [block.split()[0] for block in blocks if "==" not in block or "--hash=sha256:" not in block] == []
    assert "://" not in text


def test_every_python_dependency_we_name_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    dev = project["project"]["optional-dependencies"]["dev"]
    groups = project["dependency-groups"]
    named = {
        "requirements.lock": project["project"]["dependencies"],
        "requirements-dev.lock": [*project["project"]["dependencies"], *dev],
        "requirements-build.lock": groups["build"],
        "requirements-node.lock": groups["node"],
    }
    for lock, wanted in named.items():
        locked = set(re.findall(r"^([\w.-]+)==", (ROOT / lock).read_text(), re.MULTILINE))
        names = {re.split(r"[\[<>=]", each)[0].lower() for each in wanted}
        assert names <= locked, lock


def test_the_locks_agree_on_every_version() -> None:
    seen: dict[str, set[str]] = {}
    for lock in LOCKS:
        for package, version in re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / lock).read_text(), re.MULTILINE):
            seen.setdefault(package, set()).add(version)
    assert {package: versions for package, versions in seen.items() if len(versions) > 1} == {}


def test_building_without_isolation_uses_what_the_build_lock_holds() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert sorted(project["build-system"]["requires"]) == sorted(project["dependency-groups"]["build"])


def test_the_web_lock_has_hashes_and_no_addresses() -> None:
    packages = json.loads((ROOT / "client_web" / "package-lock.json").read_text())["packages"]
    assert [path for path, package in packages.items() if "resolved" in package] == []
    assert [path for path, package in packages.items() if path and "integrity" not in package] == []


def test_web_packages_are_pinned_exactly() -> None:
    package = json.loads((ROOT / "client_web" / "package.json").read_text())
    wanted = {**package["dependencies"], **package["devDependencies"]}
    assert {each: version for each, version in wanted.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)} == {}


def test_web_packages_run_nothing_when_they_are_installed() -> None:
    assert "ignore-scripts=true" in (ROOT / "client_web" / ".npmrc").read_text()


@pytest.mark.parametrize("tool", ["@biomejs/biome", "rolldown", "lightningcss", "typescript"])
def test_native_tools_are_locked_for_every_platform_we_name(tool: str) -> None:
    packages = json.loads((ROOT / "client_web" / "package-lock.json").read_text())["packages"]
    # With install scripts off, a native program can only come from a package that names its platform.
    locked = {
        (system, cpu)
        for native in packages[f"node_modules/{tool}"]["optionalDependencies"]
        for system in packages.get(f"node_modules/{native}", {}).get("os", ())
        for cpu in packages.get(f"node_modules/{native}", {}).get("cpu", ())
    }
    assert set(PLATFORMS) <= locked
