"""WebKitGTK behind the engines' port: WebKitWebDriver over HTTP, on a screen of its own. Its automation profile is never kept."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final

from tests.support.engine_port import APP, KEYS, LOOK_EVERY_S, PAGE, WAY_IN, EngineFault, as_json
from tests.support.leash import Leash

if TYPE_CHECKING:
    from tests.support.engine_port import Json

Object = dict[str, "Json"]

ANSWER_WITHIN_S: Final = 8.0
ELEMENT: Final = "element-6066-11e4-a52e-4f735466cecf"
# No graphics card, and no session bus to ask.
SOFTWARE: Final = {"WEBKIT_DISABLE_COMPOSITING_MODE": "1", "LIBGL_ALWAYS_SOFTWARE": "1", "GSETTINGS_BACKEND": "memory"}
# A browser that runs as root has no user namespaces to make its sandbox with.
AS_ROOT: Final = {"WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1"}
SCREEN: Final = ("Xvfb", "-displayfd", "1", "-screen", "0", "1280x900x24", "-nolisten", "tcp")
DONE: Final = "const done = arguments[1]; ({})(arguments[0]).then((text) => done({{text}}), (error) => done({{thrown: String(error)}}))"


@dataclass
class WebDriver:
    """The driver program's HTTP interface."""

    port: int
    session: str = ""

    def ask(self, method: str, path: str, **params: Json) -> Json:
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_WITHIN_S)
        try:
            body = json.dumps(params) if method == "POST" else None
            link.request(method, f"{self.session}{path}", body, {"Content-Type": "application/json"})
            value: Json = json.loads(link.getresponse().read())["value"]
        except (OSError, http.client.HTTPException) as gone:
            raise EngineFault(path) from gone
        finally:
            link.close()
        if isinstance(value, dict) and "error" in value:
            raise EngineFault(f"{value['error']}: {value.get('message')}")
        return value


@dataclass
class WebKitTab:
    """A window of the session."""

    driver: WebDriver
    window: str

    def goto(self, url: str) -> None:
        self._enter(PAGE)
        self.driver.ask("POST", "/url", url=url)

    def reload(self) -> None:
        self._enter(PAGE)
        self.driver.ask("POST", "/refresh")

    def url(self) -> str:
        self._enter(PAGE)
        return str(self.driver.ask("GET", "/url"))

    def close(self) -> None:
        self.goto("about:blank")

    def run(self, function: str, *args: Json, depth: int = PAGE) -> Json:
        self._enter(depth)
        script = DONE.format(as_json(function))
        answer = self.driver.ask("POST", "/execute/async", script=script, args=[list(args)])
        assert isinstance(answer, dict)
        if "thrown" in answer:
            raise EngineFault(str(answer["thrown"]))
        return json.loads(str(answer["text"]))  # type: ignore[no-any-return]  # as_json made it

    def type(self, text: str, *, into: str, depth: int = APP) -> None:
        # A click, because script alone does not move the focus into a frame here.
        self._enter(depth)
        found = self.driver.ask("POST", "/element", using="css selector", value=into)
        assert isinstance(found, dict)
        self.driver.ask("POST", f"/element/{found[ELEMENT]}/click")
        actions: list[Json] = [
            {"type": kind, "value": KEYS.get(character, character)}
            for character in text
            for kind in ("keyDown", "keyUp")
        ]
        self.driver.ask("POST", "/actions", actions=[{"type": "key", "id": "keyboard", "actions": actions}])

    def _enter(self, depth: int) -> None:
        self.driver.ask("POST", "/window", handle=self.window)
        self.driver.ask("POST", "/frame", id=None)
        for _ in range(depth):
            found = self.driver.ask("POST", "/execute/sync", script=f"return {WAY_IN}", args=[])
            if found is None:
                raise EngineFault("no frame there")
            self.driver.ask("POST", "/frame", id=found)


@dataclass
class WebKit:
    """Driver, screen and browser; one session."""

    name: ClassVar[str] = "webkit"
    keeps_profile: ClassVar[bool] = False

    port: int
    ends: ExitStack = field(default_factory=ExitStack)
    driver: WebDriver = field(init=False)

    def __post_init__(self) -> None:
        for program in ("WebKitWebDriver", "Xvfb"):
            assert shutil.which(program), f"no {program}: python3 dev.py test --browsers all"
        with self.ends:
            display = {"DISPLAY": f":{self._screen()}"}
            environment = os.environ | SOFTWARE | display | (AS_ROOT if os.geteuid() == 0 else {})
            self.ends.callback(Leash(["WebKitWebDriver", f"--port={self.port}"], environment).end)
            self.driver = WebDriver(self.port)
            self._begin()
            self.ends = self.ends.pop_all()

    def tab(self) -> WebKitTab:
        """The session's one window: another would be hidden behind it, and a hidden page gets no keys."""
        return WebKitTab(self.driver, str(self.driver.ask("GET", "/window")))

    def restart(self) -> None:
        self.driver.ask("DELETE", "")
        self.driver.session = ""
        self._begin()

    def close(self) -> None:
        with suppress(EngineFault):
            self.driver.ask("DELETE", "")
        self.ends.close()

    def _screen(self) -> str:
        """The number of a new one."""
        screen = Leash(SCREEN, stdout=subprocess.PIPE)
        self.ends.callback(screen.end)
        return screen.words.readline().strip()

    def _begin(self) -> None:
        begun = self._first_answer()
        assert isinstance(begun, dict)
        self.driver.session = f"/session/{begun['sessionId']}"

    def _first_answer(self) -> Json:
        """The driver takes a moment to listen."""
        deadline = time.monotonic() + ANSWER_WITHIN_S
        while time.monotonic() < deadline:
            try:
                return self.driver.ask("POST", "/session", capabilities={"alwaysMatch": {"browserName": "MiniBrowser"}})
            except EngineFault as fault:
                if not isinstance(fault.__cause__, ConnectionError):
                    raise
                time.sleep(LOOK_EVERY_S)
        raise EngineFault("WebKitWebDriver does not listen")
