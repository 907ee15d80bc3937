"""Nothing before the click: the shop with its real snippet, and what a visitor who does not chat leaves behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from tests.support.demo_town import Town
    from tests.support.screen_people import CustomerScreen, NewCustomer


class Watched:
    """Every request and socket of a page, from the beginning on."""

    def __init__(self, page: Page) -> None:
        self.asked: list[str] = []
        self.sockets: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("websocket", lambda socket: self.sockets.append(socket.url))

    def at(self, origin: str) -> list[str]:
        return [url.removeprefix(origin) for url in self.asked if url.startswith(f"{origin}/")]


def kept(page: Page) -> dict[str, object]:
    """What the browser holds for this page's origin, and its cookies for every origin."""
    stored = page.evaluate(
        "async () => ({databases: await indexedDB.databases(), local: localStorage.length, "
        "session: sessionStorage.length, caches: await caches.keys(), "
        "workers: (await navigator.serviceWorker.getRegistrations()).length})"
    )
    return {**stored, "cookies": page.context.cookies()}


NOTHING = {"databases": [], "local": 0, "session": 0, "caches": [], "workers": 0, "cookies": []}


def test_before_the_click_only_the_loader_was_asked_for_and_nothing_is_kept(
    new_customer: NewCustomer, town: Town
) -> None:
    customer = new_customer()
    seen = Watched(customer.page)
    customer.visit(town.shop_url).launcher.wait_for()
    customer.page.wait_for_load_state("networkidle")
    [loader] = seen.at(town.places.relay_url)
    assert loader.endswith("/loader.js")
    assert all(url.startswith((town.shop_url, town.places.relay_url)) for url in seen.asked)
    assert seen.sockets == []
    assert customer.page.locator("iframe").count() == 0
    assert kept(customer.page) == NOTHING


def test_after_not_now_nothing_is_kept_and_no_socket_was_opened(new_customer: NewCustomer, town: Town) -> None:
    customer = new_customer()
    seen = Watched(customer.page)
    customer.visit(town.shop_url).open().press("Not now")
    customer.app.get_by_role("button", name="Not now").wait_for(state="hidden")
    asked = sorted(url.rpartition("/")[0] or url for url in seen.at(town.places.relay_url))
    assert {url.split("/")[1] for url in asked} == {"w", "v1"}
    assert seen.sockets == []
    assert kept(customer.page) == NOTHING


def test_once_a_chat_was_cleared_nothing_is_kept(customer: CustomerScreen) -> None:
    customer.start().end()
    customer.press("Clear this chat")
    customer.app.get_by_role("button", name="Start chat").wait_for()
    assert kept(customer.page) == NOTHING


def test_requests_carry_no_cookie_and_no_address_of_the_page(new_customer: NewCustomer, town: Town) -> None:
    customer = new_customer()
    headers: list[dict[str, str]] = []
    customer.page.on("request", lambda request: headers.append(request.all_headers()))
    customer.visit(f"{town.shop_url}/?order=4711").start()
    to_relay = [each for each in headers if each.get("host") != town.shop_url.removeprefix("http://")]
    assert to_relay
    assert not any("cookie" in each for each in to_relay)
    assert not any("4711" in value for each in to_relay for value in each.values())
