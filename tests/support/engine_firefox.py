"""Firefox behind the engines' port, by its own WebDriver BiDi socket: no driver program between."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final

from tests.support.engine_port import APP, KEYS, PAGE, EngineFault, as_json
from tests.support.leash import Leash
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.engine_port import Json
    from websockets.sync.client import ClientConnection

Object = dict[str, "Json"]

PROGRAMS: Final = ("firefox-esr", "firefox")
ANSWER_WITHIN_S: Final = 60.0
# Nothing is asked of anybody that a test did not ask for.
PREFERENCES: Final = {
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "messaging-system.rsexperimentloader.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
    "toolkit.telemetry.enabled": False,
}


@dataclass
class Bidi:
    """One session on the socket: a command, and the answer that bears its number. Events are passed over."""

    socket: ClientConnection
    ends: ExitStack
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @classmethod
    def open(cls, address: str) -> Bidi:
        ends = ExitStack()
        started = cls(ends.enter_context(connect(f"{address}/session", max_size=None, proxy=None)), ends)
        started.ask("session.new", capabilities={})
        return started

    def ask(self, method: str, **params: Json) -> Object:
        number = next(self.numbers)
        try:
            self.socket.send(json.dumps({"id": number, "method": method, "params": params}))
            while True:
                answer: Object = json.loads(self.socket.recv(timeout=ANSWER_WITHIN_S))
                if answer.get("id") == number:
                    break
        except (WebSocketException, TimeoutError) as gone:
            raise EngineFault(method) from gone
        if answer.get("type") != "success":
            raise EngineFault(f"{answer.get('error')}: {answer.get('message')}")
        return _object(answer["result"])


@dataclass
class FirefoxTab:
    """A browsing context in a user context, that is a set of storage, of its own or the profile's."""

    bidi: Bidi
    context: str

    def goto(self, url: str) -> None:
        self.bidi.ask("browsingContext.navigate", context=self.context, url=url, wait="complete")

    def reload(self) -> None:
        self.bidi.ask("browsingContext.reload", context=self.context, wait="complete")

    def url(self) -> str:
        return str(self._tree()["url"])

    def close(self) -> None:
        self.bidi.ask("browsingContext.close", context=self.context)

    def run(self, function: str, *args: Json, depth: int = PAGE) -> Json:
        answer = self._call(as_json("(given) => (" + function + ")(...JSON.parse(given))"), json.dumps(args), depth)
        return json.loads(str(answer.get("value")))  # type: ignore[no-any-return]  # as_json made it

    def type(self, text: str, *, into: str, depth: int = APP) -> None:
        self.run("(selector) => document.querySelector(selector).focus()", into, depth=depth)
        actions: list[Json] = [
            {"type": kind, "value": KEYS.get(character, character)}
            for character in text
            for kind in ("keyDown", "keyUp")
        ]
        keyboard: Json = {"type": "key", "id": "keyboard", "actions": actions}
        self.bidi.ask("input.performActions", context=self._at(depth), actions=[keyboard])

    def _call(self, function: str, argument: str, depth: int) -> Object:
        answer = self.bidi.ask(
            "script.callFunction",
            functionDeclaration=function,
            arguments=[{"type": "array", "value": [{"type": "string", "value": argument}]}],
            target={"context": self._at(depth)},
            awaitPromise=True,
            userActivation=True,
        )
        if answer["type"] != "success":
            raise EngineFault(str(_object(answer["exceptionDetails"])["text"]))
        return _object(answer["result"])

    def _tree(self) -> Object:
        contexts = self.bidi.ask("browsingContext.getTree", root=self.context)["contexts"]
        assert isinstance(contexts, list)
        return _object(contexts[0])

    def _at(self, depth: int) -> str:
        node = self._tree()
        for _ in range(depth):
            children = node["children"]
            if not isinstance(children, list) or not children:
                raise EngineFault("no frame there")
            node = _object(children[0])
        return str(node["context"])


@dataclass
class Firefox:
    """One profile folder, with the browser's preferences written before it starts."""

    name: ClassVar[str] = "firefox"
    keeps_profile: ClassVar[bool] = True

    profile: Path
    process: Leash = field(init=False)
    bidi: Bidi = field(init=False)

    def __post_init__(self) -> None:
        program = next(filter(None, map(shutil.which, PROGRAMS)), None)
        assert program is not None, "no Firefox: python3 dev.py test --browsers all"
        self.profile.mkdir(exist_ok=True)
        lines = (f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in PREFERENCES.items())
        (self.profile / "user.js").write_text("".join(lines), "utf-8")
        argv = [program, "--headless", "--no-remote", "--profile", str(self.profile), "--remote-debugging-port", "0"]
        self.process = Leash(argv, stderr=subprocess.PIPE)
        try:
            self.bidi = Bidi.open(self._address())
        except BaseException:  # also the impatience of whoever runs the tests
            self.process.end()
            raise

    def tab(self) -> FirefoxTab:
        return FirefoxTab(self.bidi, str(self.bidi.ask("browsingContext.create", type="tab")["context"]))

    def restart(self) -> None:
        self.close()
        self.__post_init__()

    def close(self) -> None:
        """Asks it to quit, so that what it holds is written; a browser that does not is ended."""
        try:
            self.bidi.ask("browser.close")
            self.process.wait(ANSWER_WITHIN_S)
        except (EngineFault, subprocess.TimeoutExpired):
            pass
        finally:
            self.process.end()
            self.bidi.ends.close()

    def _address(self) -> str:
        for line in self.process.words:
            if found := re.search(r"BiDi listening on (ws://\S+)", line):
                return found[1]
        raise EngineFault("Firefox ended before it listened")


def _object(value: Json) -> Object:
    assert isinstance(value, dict)
    return value
