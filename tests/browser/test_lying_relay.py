"""A relay that lies to the widget: other programs, other documents, other people. Nothing that it says gets anybody in."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING, Final

import pytest
from playwright.sync_api import expect
from tests.support.imposters import now_ms
from tests.support.lies import KINDS, Swaps, forged_trust, other_trust, with_trust
from tests.support.lying_proxy import LyingProxy, lying_proxy
from tests.support.waiting import until_in

from sotto_keys.ceremony.renew_trust import TRUST_LIFE_MS
from sotto_wire.frames import Commit, Frame, OpenConversation, Post, Proposal
from sotto_wire.ids import Millis

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.demo_town import Town
    from tests.support.screen_people import AgentScreen, CustomerScreen, NewCustomer

ONLY_YOU: Final = "Only you can read this chat"
READY_WITHIN_MS: Final = 20_000
PROPOSED_WITHIN_S: Final = 30.0


@pytest.fixture
def liar(town: Town) -> Iterator[LyingProxy]:
    """Stands between the other shop's customers and the relay."""
    with lying_proxy(town.places.relay_url, town.thread) as proxy:
        town.sell_through(proxy.url)
        yield proxy


@pytest.fixture
def visitor(liar: LyingProxy, new_customer: NewCustomer) -> CustomerScreen:  # noqa: ARG001 - it must outlive the visit
    """Somebody on the other shop's page, not yet there."""
    return new_customer()


def changed(name: str, content: bytes, path: str) -> bytes:
    return content.replace(b"const", b"const ", 1) if path.endswith(f"/{name}") else content


def test_with_one_byte_changed_in_the_loader_no_launcher_appears(
    visitor: CustomerScreen, liar: LyingProxy, town: Town
) -> None:
    liar.file = lambda path, content: changed("loader.js", content, path)
    visitor.visit(town.other_shop_url)
    visitor.page.wait_for_load_state("networkidle")
    assert visitor.page.locator("sotto-chat").count() == 0
    assert [path.rpartition("/")[2] for path in liar.asked] == ["loader.js"]
    assert liar.heard == []


def test_with_one_byte_changed_in_the_app_the_launcher_says_so_and_nothing_is_sent(
    visitor: CustomerScreen, liar: LyingProxy, town: Town
) -> None:
    liar.file = lambda path, content: changed("app.js", content, path)
    visitor.page.clock.install()
    visitor.visit(town.other_shop_url).open()
    until_in(visitor.page, "document.querySelector('sotto-chat').shadowRoot.querySelector('iframe') !== null")
    visitor.page.wait_for_load_state("networkidle")
    visitor.page.clock.fast_forward(READY_WITHIN_MS)
    expect(visitor.page.get_by_role("alert")).to_contain_text("Chat cannot open here")
    assert visitor.page.locator("sotto-chat iframe").count() == 0
    assert [path.rpartition("/")[2] for path in liar.asked] == ["loader.js", "app.js"]
    assert liar.heard == []


def test_terms_that_the_organisation_did_not_sign_are_not_shown(
    visitor: CustomerScreen, liar: LyingProxy, town: Town
) -> None:
    liar.file = lambda path, content: content.replace(b"7 days", b"7 years") if "/v1/policies/" in path else content
    visitor.visit(town.other_shop_url).open()
    visitor.app.get_by_role("heading", name="These terms are not signed").wait_for()
    assert "7 years" not in visitor.app.locator("body").inner_text()
    assert liar.heard == []


def test_a_trust_document_that_ran_out_starts_no_chat(
    visitor: CustomerScreen, liar: LyingProxy, town: Town, tmp_path: Path
) -> None:
    expired = other_trust(town, tmp_path, issued=Millis(now_ms() - TRUST_LIFE_MS - 2 * 3600 * 1000))
    liar.file = lambda path, content: with_trust(content, expired) if path == "/v1/trust" else content
    visitor.visit(town.other_shop_url).open()
    visitor.app.get_by_role("heading", name="The security papers have run out").wait_for()
    assert liar.heard == []


def test_a_forged_trust_document_is_not_believed(
    visitor: CustomerScreen, liar: LyingProxy, town: Town, tmp_path: Path
) -> None:
    forged = forged_trust(tmp_path)
    liar.file = lambda path, content: with_trust(content, forged) if path == "/v1/trust" else content
    visitor.visit(town.other_shop_url).open()
    visitor.app.get_by_role("heading", name="We could not confirm who this is").wait_for()
    assert liar.heard == []


def test_a_trust_document_that_was_rolled_back_is_noticed_after_a_reload(
    visitor: CustomerScreen, liar: LyingProxy, town: Town
) -> None:
    places = town.places
    signed = town.run("keys", "trust", "--office", str(places.office), "--passphrase-file", str(places.passphrase))
    town.run("trust", "publish", "--relay", places.relay_url, str(signed["file"]))
    visitor.visit(town.other_shop_url).start()
    older = (places.office / "public" / "trust.1.json").read_bytes()
    liar.file = lambda path, content: with_trust(content, older) if path == "/v1/trust" else content
    visitor.page.reload()
    visitor.open()
    visitor.app.get_by_role("heading", name="We could not confirm who this is").wait_for()
    liar.honest_again()


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_gets_in_by_a_swapped_key_package(
    visitor: CustomerScreen, ana: AgentScreen, liar: LyingProxy, town: Town, tmp_path: Path, *, kind: str
) -> None:
    proposed: Future[bytes] = Future()

    def swap(frame: Frame) -> Frame | None:
        if not isinstance(frame, Proposal):
            return frame
        if not proposed.done():
            proposed.set_result(frame.key_package)
        return None

    liar.frame = swap
    visitor.visit(town.other_shop_url).start().say("Only for who is let in")
    ana.page.locator("button:enabled", has_text="Next chat").click()
    ana.chat.get_by_text("Waiting for the customer").first.wait_for()
    key_package = proposed.result(PROPOSED_WITHIN_S)  # the console shows the chat before the relay proposes
    [opened] = liar.heard_of(OpenConversation)
    swapped = getattr(Swaps(town, tmp_path), kind)(key_package)
    town.thread.do(liar.tell_everybody(Proposal(conversation=opened.conversation, group=1, key_package=swapped)))
    visitor.app.get_by_role("heading", name="We kept somebody out").wait_for()
    visitor.sees(ONLY_YOU).wait_for()
    expect(visitor.message("Only for who is let in", standing="Will be sent when someone joins")).to_be_visible()
    assert liar.heard_of(Commit) == []
    assert liar.heard_of(Post) == []
    honest = Proposal(conversation=opened.conversation, group=1, key_package=key_package)
    town.thread.do(liar.tell_everybody(honest))
    visitor.meets("Ana")
    expect(visitor.app.get_by_role("heading", name="We kept somebody out")).to_be_hidden()
    expect(ana.message("Only for who is let in")).to_be_visible()
