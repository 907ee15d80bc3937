"""Texts that would be code, wherever a text may stand: shown as what they are, and nothing else happens (threats 35, 67)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from tests.support.engine_port import APP, wait_until
from tests.support.hostile_town import hostile_town, open_app, opened
from tests.support.injections import injections
from tests.support.widget_shop import node

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.engine_port import Engine

TEXTS: Final = injections()
HOSTILE: Final = "test/ui/hostileSession.ts"
# Elements that no screen of ours has, where a screen shows text.
FOREIGN: Final = (
    "script[src*='stolen'], img, iframe, object, embed, video, audio, form[action], style, link, base, math, x"
)
WATCH: Final = """() => { window.broken = []
  addEventListener('securitypolicyviolation', (event) => broken.push(`${event.effectiveDirective} ${event.sample}`)) }"""


@pytest.fixture(scope="module")
def hostile_bundles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile-bundles")
    node("build.mjs", "--out", str(folder), "--session", HOSTILE)
    return folder


@pytest.mark.timeout(180)
def test_two_hundred_injections_in_every_text_of_the_widget_are_text(engine: Engine, hostile_bundles: Path) -> None:
    with hostile_town(hostile_bundles) as town, opened(engine, town.address) as tab:
        open_app(tab)
        tab.run(WATCH, depth=APP)
        tab.run("(texts) => { globalThis.hostileTexts = texts }", list(TEXTS), depth=APP)
        wait_until(tab, f"hostileShown === {len(TEXTS)}", depth=APP, within_s=120)
        assert tab.run("() => broken", depth=APP) == []
        assert tab.run("() => [typeof globalThis.pwned, document.title]", depth=APP) == ["undefined", "Chat"]
        assert tab.run(f'() => document.querySelectorAll("{FOREIGN}").length', depth=APP) == 0
        assert [path for path in town.bundles.asked if "stolen" in path] == []
        assert tab.url().rstrip("/") == town.address
