"""Makes docs/pictures from the running product: `python -m tests.browser.pictures`. No test; look at what it made."""

from __future__ import annotations

import base64
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from tests.support.demo_town import ANA, founded
from tests.support.lying_proxy import lying_proxy
from tests.support.screen_people import AgentScreen, CustomerScreen
from tests.support.widget_shop import WEB, chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, ViewportSize
    from tests.support.demo_town import Town

PICTURES: Final = WEB.parent / "docs" / "pictures"
SHOP: Final[ViewportSize] = {"width": 1000, "height": 700}
DESK: Final[ViewportSize] = {"width": 1240, "height": 700}
PHONE: Final[ViewportSize] = {"width": 360, "height": 660}
GAP_PX: Final = 24
Scheme = Literal["light", "dark"]
SCHEMES: Final[tuple[Scheme, ...]] = ("light", "dark")

WAITING: Final = "Hello, the lid of my kettle does not close any more."
TALK: Final = (
    ("ana", "Hello! Sorry to hear that. Is it the 1.5 litre stove-top kettle?"),
    ("customer", "Yes, the blue one. I bought it in March."),
    ("ana", "Then the knob has worked loose, that can be repaired. I can send you a new one today, free of charge."),
    ("customer", "That would be lovely."),
)


@dataclass(frozen=True, slots=True)
class Album:
    """Takes pictures without motion and without a blinking cursor."""

    folder: Path

    def take(self, page: Page, name: str, *, size: ViewportSize, scheme: Scheme = "light") -> Path:
        before = page.viewport_size
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size(size)
        _settle(page)
        path = self.folder / f"{name}.png"
        page.screenshot(path=path, caret="hide", animations="disabled")
        if before is not None:
            page.set_viewport_size(before)
        return path

    def take_all(self, page: Page, name: str, *, wide: ViewportSize) -> None:
        """Light, dark, and at phone width."""
        for scheme in SCHEMES:
            self.take(page, f"{name}-{scheme}", size=wide, scheme=scheme)
        self.take(page, f"{name}-360", size=PHONE)


def _settle(page: Page) -> None:
    """The widget is told of its new size a moment after the page has it."""
    if page.locator("sotto-chat iframe").count():
        height = page.evaluate("document.querySelector('sotto-chat').shadowRoot.querySelector('iframe').clientHeight")
        settled = "height => Math.abs(document.querySelector('.widget').getBoundingClientRect().height - height) < 1"
        page.frames[-1].wait_for_function(settled, arg=height)


def a_customer(browser: Browser) -> CustomerScreen:
    return CustomerScreen(browser.new_context(viewport=SHOP, locale="en-GB").new_page())


def an_agent(browser: Browser, town: Town) -> AgentScreen:
    agent = AgentScreen(browser.new_context(viewport=DESK, locale="en-GB").new_page())
    return agent.sign_in(town.console_url, agent=ANA.agent, password=town.password(ANA.agent))


def talk(album: Album, customer: CustomerScreen, ana: AgentScreen) -> None:
    """The whole main path, with a picture at each screen."""
    customer.open().app.get_by_role("button", name="Start chat").wait_for()
    album.take_all(customer.page, "widget-notice", wide=SHOP)
    customer.press("Start chat")
    customer.say(WAITING)
    customer.message(WAITING, standing="Will be sent").wait_for()
    album.take(customer.page, "widget-waiting", size=SHOP)
    ana.page.get_by_text("1 waiting").wait_for()
    album.take(ana.page, "console-queue", size=DESK)
    ana.take_next()
    customer.meets(ANA.name)
    for who, text in TALK:
        speaker, listener = (ana, customer) if who == "ana" else (customer, ana)
        speaker.say(text)
        listener.message(text).wait_for()
    customer.message(TALK[-1][1], standing="Delivered").wait_for()
    album.take_all(customer.page, "widget-chat", wide=SHOP)
    album.take_all(ana.page, "console-chat", wide=DESK)
    customer.app.get_by_role("button", name="can read this chat").click()
    customer.app.get_by_text("For key 1 of this chat").wait_for()
    album.take_all(customer.page, "widget-readers", wide=SHOP)
    customer.press("Back")


def trouble(album: Album, browser: Browser, town: Town) -> None:
    """A relay that serves other signatures."""
    with lying_proxy(town.places.relay_url, town.thread) as liar:
        town.sell_through(liar.url)
        liar.file = lambda path, content: b"{}" if path == "/v1/trust" else content
        customer = a_customer(browser).visit(town.other_shop_url).open()
        customer.app.get_by_role("heading", name="We could not confirm who this is").wait_for()
        album.take(customer.page, "widget-trouble", size=SHOP)


def overview(album: Album, browser: Browser, *, shop: Path, console: Path) -> None:
    """Shop and console beside each other."""
    size: ViewportSize = {"width": 760 + 942 + GAP_PX * 3, "height": 532 + GAP_PX * 2}
    page = browser.new_page(viewport=size, device_scale_factor=0.7)
    page.set_content(
        f"""<style>body {{ margin: 0; padding: {GAP_PX}px; display: flex; gap: {GAP_PX}px; align-items: start; background: #dfe3e8 }}
        img {{ border-radius: 12px; box-shadow: 0 4px 20px #0003 }}</style>
        <img src='{embedded(shop)}' height='532'><img src='{embedded(console)}' height='532'>"""
    )
    page.wait_for_function("[...document.images].every((image) => image.complete && image.naturalWidth > 0)")
    page.screenshot(path=album.folder / "overview.png")
    page.close()


def embedded(picture: Path) -> str:
    return f"data:image/png;base64,{base64.b64encode(picture.read_bytes()).decode()}"


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    album = Album(PICTURES)
    with (
        tempfile.TemporaryDirectory() as folder,
        founded(Path(folder) / "demo") as town,
        chromium() as browser,
    ):
        ana = an_agent(browser, town)
        album.take(ana.page, "console-device", size=DESK)
        ana.get_approved()
        customer = a_customer(browser).visit(town.shop_url)
        talk(album, customer, ana)
        spare = Album(Path(folder))
        shop = spare.take(customer.page, "shop", size=SHOP)
        overview(album, browser, shop=shop, console=spare.take(ana.page, "console", size=DESK))
        trouble(album, browser, town)


if __name__ == "__main__":
    main()
