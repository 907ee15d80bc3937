"""A shop with the widget, the relay's bundles, a thief, and a page without any protection to try the thief's ways on. No assertions."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.support.engine_port import APP, LOOK_EVERY_S, EngineFault, wait_until
from tests.support.thief import INTEGRITY, Thief
from tests.support.widget_shop import Bundles, Shop, recommended_policy, serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.support.engine_port import Engine, Tab

BARE: Final = 1
"""How far down the unprotected page has its frame."""
LOOT: Final = "stolen"
LOOT_WITHIN_S: Final = 10.0
# Ten times as long as what arrives takes, on the unprotected page of a quiet machine.
SETTLE: Final = (
    """async (url) => { await new Promise((done) => setTimeout(done, 300)); await fetch(url, {mode: 'no-cors'}) }"""
)
HURRY: Final = """<script>const patient = setTimeout
window.setTimeout = (act, ms, ...rest) => patient(act, ms > 9999 ? 1500 : ms, ...rest)</script>"""
START: Final = "[...document.querySelectorAll('button')].find((each) => each.textContent.includes('Start chat'))"
FIELD: Final = "textarea"


@dataclass(frozen=True, slots=True)
class HostileTown:
    """Places on this machine, each an origin."""

    bundles: Bundles
    relay: str
    shop: Shop
    address: str
    thief: Thief
    thief_address: str
    bare_address: str

    def adopt(self, policy: str | None, *, nonce: bool = False, hurried: bool = False) -> None:
        """The shop's own policy, the recommended one where it is None. `hurried`: the page's long timers end at once."""
        release = json.loads((self.bundles.folder / "releases.json").read_text("utf-8"))
        words = {"relay": self.relay, "loader": release["loader_sri"], "app": release["app_sri"]}
        self.shop.policy = recommended_policy(self.relay) if policy is None else policy.format(**words)
        page = Shop.with_snippet(self.bundles.snippet(self.relay, nonce=nonce))
        self.shop.page = page.replace("<head>", f"<head>{HURRY}") if hurried else page

    @property
    def stolen(self) -> set[str]:
        """Names of the attacks that carried something out, to the thief or past our own server."""
        taken = [path for path in (*self.thief.got, *self.bundles.asked) if LOOT in path]
        return {path.rpartition("/")[2].rstrip("?").replace("-", " ") for path in taken}


@contextmanager
def hostile_town(folder: Path) -> Iterator[HostileTown]:
    """`folder` holds the bundles."""
    bundles, thief = Bundles(folder), Thief()
    with ExitStack() as places:
        relay = places.enter_context(serving(bundles.handler))
        shop = Shop(Shop.with_snippet(bundles.snippet(relay)))
        address = places.enter_context(serving(shop.handler))
        theirs = places.enter_context(serving(thief.handler))
        script = f"<script type=module src='{theirs}/own.js' integrity='{INTEGRITY}' crossorigin=anonymous></script>"
        inside = places.enter_context(serving(Shop(f"<!doctype html><body>{script}").handler))
        bare = places.enter_context(serving(Shop(f"<!doctype html><body><iframe src='{inside}/'></iframe>").handler))
        yield HostileTown(bundles, relay, shop, address, thief, theirs, bare)


@contextmanager
def opened(engine: Engine, address: str) -> Iterator[Tab]:
    tab = engine.tab()
    tab.goto(address)
    yield tab
    with suppress(EngineFault):
        tab.close()


def open_widget(tab: Tab) -> None:
    """Presses the launcher."""
    wait_until(tab, "document.querySelector('sotto-chat')")
    tab.run("() => document.querySelector('sotto-chat').shadowRoot.querySelector('.launcher').click()")


def open_app(tab: Tab) -> None:
    """Until the app shows a screen."""
    open_widget(tab)
    wait_until(tab, "document.querySelector('h1')", depth=APP)


def start_chat(tab: Tab) -> None:
    open_widget(tab)
    wait_until(tab, START, depth=APP)
    tab.run(f"() => {START}.click()", depth=APP)
    wait_until(tab, f"document.querySelector('{FIELD}')", depth=APP)


def attack(tab: Tab, attacks: Mapping[str, str], *, thief_address: str, depth: int) -> None:
    """Sets each attack going in that frame, just after the driver has its answer: some move the frame away."""
    for name, code in attacks.items():
        later = f"(url) => void setTimeout(async () => {{ try {{ {code} }} catch {{}} }})"
        tab.run(later, f"{thief_address}/{LOOT}/{name.replace(' ', '-')}", depth=depth)


def settle(tab: Tab, *, thief_address: str) -> None:
    """Until what was started would have arrived, as seen from the page above, which must still be there."""
    tab.run(SETTLE, f"{thief_address}/settled")


def wait_for_loot(town: HostileTown, names: set[str]) -> set[str]:
    """Names of attacks that reached the thief, once these all have or will not any more."""
    deadline = time.monotonic() + LOOT_WITHIN_S
    while not town.stolen >= names and time.monotonic() < deadline:
        time.sleep(LOOK_EVERY_S)
    return town.stolen
