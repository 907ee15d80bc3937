"""Hostile code around the widget and inside it, in every engine that was asked for (T12; threats 67, 68, 75)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from tests.support.engine_port import APP, PAGE, wait_until
from tests.support.frame_attacks import ALONE, TOGETHER
from tests.support.hostile_town import (
    BARE,
    FIELD,
    HostileTown,
    attack,
    hostile_town,
    open_app,
    open_widget,
    opened,
    settle,
    start_chat,
    wait_for_loot,
)
from tests.support.thief import CONNECTED
from tests.support.widget_shop import NONCE, PREVIEW, node

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.engine_port import Engine

pytestmark = pytest.mark.timeout(90)

GROUPS: Final = TOGETHER | {name: {name: code} for name, code in ALONE.items()}

# What an engine does not do even where nothing forbids it; the frame must stop it all the same.
NOWHERE: Final = {"worker", "shared worker"}
HARMLESS: Final = {
    "chromium": NOWHERE | {"speculation rules"},
    "firefox": NOWHERE | {"speculation rules", "ping"},
    "webkit": NOWHERE
    | {
        "speculation rules",
        "prefetch",
        "popup",
        "popup without opener",
        "anchor into the top",
    },  # not without a gesture
}

SHADOW: Final = "document.querySelector('sotto-chat').shadowRoot"
KEY_EVENTS: Final = ("keydown", "keypress", "keyup", "beforeinput", "input", "compositionstart", "paste", "change")
EAVESDROPPER: Final = f"""<script>window.heard = []
for (const name of {list(KEY_EVENTS)}) addEventListener(name, (event) => heard.push(event.type), true)</script>"""
OWN_FIELD: Final = "<input id=own>"
EARLY: Final = "{rel: 'preconnect', href: url}"
LOOKS: Final = f"""() => {{
  const wall = {SHADOW}.querySelector('iframe')
  return [() => wall.contentWindow.document, () => wall.contentWindow[0].document, () => wall.contentWindow[0].localStorage,
    () => wall.contentWindow[0].eval('1')].map((look) => {{ try {{ return String(look()) }} catch (error) {{ return error.name }} }})
}}"""
STORES: Final = """() => Promise.all([() => localStorage.length, () => sessionStorage.length, () => indexedDB.open('x').result,
  () => navigator.locks.query(), () => { document.cookie = 'a=b'; if (!document.cookie) throw new Error('kept nothing') }]
  .map(async (attempt) => { try { await attempt(); return 'works' } catch { return 'throws' } }))"""
CALLS: Final = """() => {
  const child = document.createElement('iframe')
  document.body.append(child)
  const inside = (() => { try { return typeof child.contentWindow.RTCPeerConnection } catch { return 'undefined' } })()
  return [...['RTCPeerConnection', 'webkitRTCPeerConnection', 'RTCDataChannel'].map((name) => typeof globalThis[name]), inside]
}"""


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundles")
    node("build.mjs", "--out", str(folder), "--session", PREVIEW)
    return folder


@pytest.fixture
def town(bundles: Path) -> Iterator[HostileTown]:
    with hostile_town(bundles) as built:
        yield built


@pytest.mark.parametrize("group", GROUPS)
def test_hostile_code_inside_the_frame_carries_nothing_out(engine: Engine, town: HostileTown, group: str) -> None:
    # T12. The host has no policy of its own: frame, wall and lock must be enough.
    with opened(engine, town.address) as tab:
        open_app(tab)
        asked = list(town.bundles.asked)
        attack(tab, GROUPS[group], thief_address=town.thief_address, depth=APP)
        settle(tab, thief_address=town.thief_address)
        assert town.stolen == set()
        assert town.bundles.asked == asked
        assert tab.url().rstrip("/") == town.address


@pytest.mark.parametrize("group", GROUPS)
def test_the_thief_would_have_noticed(engine: Engine, town: HostileTown, group: str) -> None:
    with opened(engine, town.bare_address) as tab:
        wait_until(tab, "document.readyState === 'complete'", depth=BARE)
        attack(tab, GROUPS[group], thief_address=town.thief_address, depth=BARE)
        wanted = set(GROUPS[group]) - HARMLESS[engine.name]
        assert wanted - wait_for_loot(town, wanted) == set()


POLICIES: Final = {
    "none": "",
    "recommended": None,
    "a nonce": f"script-src 'nonce-{NONCE}'; object-src 'none'; base-uri 'none'; style-src 'none'",
    "a nonce and strict-dynamic": f"script-src 'nonce-{NONCE}' 'strict-dynamic'; object-src 'none'; base-uri 'none'",
    "a list of hashes": "script-src '{loader}' '{app}'; connect-src {relay}; style-src 'self'; object-src 'none'",
    "a list of Trusted Types": "script-src {relay}; require-trusted-types-for 'script'; trusted-types sotto dompurify",
    "everything denied that can be": "default-src 'none'; script-src {relay}; connect-src {relay}; style-src 'none'",
}


@pytest.mark.parametrize("name", POLICIES)
def test_the_widget_works_under_the_policy_of_the_host(engine: Engine, town: HostileTown, name: str) -> None:
    town.adopt(POLICIES[name], nonce="nonce" in name)
    with opened(engine, town.address) as tab:
        start_chat(tab)
        tab.type("My lid is cracked\n", into=FIELD)
        wait_until(tab, "document.body.innerText.includes('You wrote: My lid is cracked')", depth=APP)
        tab.reload()
        open_app(tab)
        wait_until(tab, f"document.querySelector('{FIELD}')", depth=APP)


def test_one_changed_byte_in_the_app_and_it_does_not_run(engine: Engine, town: HostileTown) -> None:
    # T75. The page's clock runs fast, so that the launcher gives up soon.
    town.bundles.tampered = "app.js"
    town.adopt("", hurried=True)
    with opened(engine, town.address) as tab:
        open_widget(tab)
        wait_until(tab, f"{SHADOW}.querySelector('[role=alert]').textContent.includes('Chat cannot open here')")
        assert tab.run(f"() => {SHADOW}.querySelector('iframe') === null") is True


def test_one_changed_byte_in_the_loader_and_there_is_no_widget(engine: Engine, town: HostileTown) -> None:
    town.bundles.tampered = "loader.js"
    with opened(engine, town.address) as tab:
        settle(tab, thief_address=town.thief_address)
        assert any("loader.js" in path for path in town.bundles.asked)
        assert tab.run("() => document.querySelector('sotto-chat') === null") is True


def test_a_script_of_the_page_sees_no_key_that_is_pressed_inside(engine: Engine, town: HostileTown) -> None:
    # T12: a session recorder, listening to everything there is to listen to.
    town.shop.page = town.shop.page.replace("<head>", f"<head>{EAVESDROPPER}").replace("</body>", f"{OWN_FIELD}</body>")
    with opened(engine, town.address) as tab:
        tab.type("own", into="#own", depth=PAGE)
        assert tab.run("() => heard.filter((each) => each === 'keydown').length") == len("own")
        start_chat(tab)
        tab.run("() => void (heard.length = 0)")
        tab.type("secret words", into=FIELD)
        wait_until(tab, f"document.querySelector('{FIELD}').value === 'secret words'", depth=APP)
        heard = tab.run("() => heard")
        assert not set(KEY_EVENTS) & set(heard if isinstance(heard, list) else [])


def test_a_script_of_the_page_cannot_look_across(engine: Engine, town: HostileTown) -> None:
    with opened(engine, town.address) as tab:
        start_chat(tab)
        assert tab.run(LOOKS) == ["SecurityError"] * 4


def test_storage_and_locks_throw_inside_the_frame(engine: Engine, town: HostileTown) -> None:
    with opened(engine, town.address) as tab:
        open_app(tab)
        assert tab.run(STORES, depth=APP) == ["throws"] * 5


def test_webrtc_is_gone_inside_the_frame_and_a_child_of_it_does_not_bring_it_back(
    engine: Engine, town: HostileTown
) -> None:
    with opened(engine, town.address) as tab:
        open_app(tab)
        assert tab.run(CALLS, depth=APP) == ["undefined"] * 4


def test_an_early_connection_can_be_opened_and_nothing_travels_on_it(engine: Engine, town: HostileTown) -> None:
    """No policy in force today covers it: what is left is that a name can be looked up. docs/threat-model.md says so."""
    with opened(engine, town.address) as tab:
        open_app(tab)
        hint = {"early": f"Object.assign(document.head.appendChild(document.createElement('link')), {EARLY})"}
        attack(tab, hint, thief_address=town.thief_address, depth=APP)
        settle(tab, thief_address=town.thief_address)
        assert set(town.thief.got) <= {CONNECTED, "/settled"}
