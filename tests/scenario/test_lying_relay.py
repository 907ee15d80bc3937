"""A relay that lies to a program: other documents, other people. Nothing that it says gets anybody in."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import pytest
from tests.support.imposters import now_ms
from tests.support.lies import Swaps, forged_trust, other_trust, with_trust
from tests.support.lying_proxy import LyingProxy, lying_proxy
from tests.support.programs import hear

from sotto_cli.demo.places import DESK
from sotto_keys.ceremony.renew_trust import TRUST_LIFE_MS
from sotto_keys.shared.untrusted import BadSignature, Inconsistent, Lapsed
from sotto_wire.frames import Commit, Frame, Post, Proposal
from sotto_wire.ids import Millis

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator
    from pathlib import Path

    from tests.support.demo_town import Town
    from tests.support.programs import Programs

CODES: Final = {
    "another_key_under_the_agents_credential": "unknown_credential",
    "a_credential_of_another_desk": "unknown_credential",
    "a_supervisor": "unknown_credential",
    "a_bot": "unknown_credential",
    "a_credential_of_another_organisation": "bad_signature",
    "a_revoked_credential": "unknown_credential",
    "nonsense": "untrusted",
}


@pytest.fixture
def liar(town: Town) -> Iterator[LyingProxy]:
    """Stands between customers and the relay."""
    with lying_proxy(town.places.relay_url, town.thread) as proxy:
        yield proxy


async def there(town: Town, work: Coroutine[object, object, object]) -> None:
    """On the town's own loop, where the liar lives."""
    await asyncio.to_thread(town.thread.do, work)


@pytest.mark.parametrize("kind", CODES)
async def test_nobody_gets_in_by_a_swapped_key_package(
    programs: Programs, liar: LyingProxy, town: Town, *, kind: str
) -> None:
    loop, proposed = asyncio.get_running_loop(), asyncio.Queue[bytes]()

    def hold_back(frame: Frame) -> Frame | None:
        if not isinstance(frame, Proposal):
            return frame
        loop.call_soon_threadsafe(proposed.put_nowait, frame.key_package)
        return None

    liar.frame = hold_back
    customer, agent = await programs.customer(relay=liar.url), await programs.agent()
    customer.say("Only for who is let in")
    name = await agent.take(DESK, customer.conversation.id)
    honest = await proposed.get()
    swapped = await asyncio.to_thread(getattr(Swaps(town, programs.folder), kind), honest)
    await there(town, liar.tell_everybody(Proposal(conversation=name, group=1, key_package=swapped)))
    await customer.until(lambda _: customer.problem is not None)
    assert customer.problem == CODES[kind]
    assert (liar.heard_of(Commit), liar.heard_of(Post)) == ([], [])
    await there(town, liar.tell_everybody(Proposal(conversation=name, group=1, key_package=honest)))
    assert await hear(await agent.joined(name), 1) == ["Only for who is let in"]
    assert customer.problem is None


async def test_terms_that_the_organisation_did_not_sign_are_not_agreed_to(programs: Programs, liar: LyingProxy) -> None:
    liar.file = lambda path, content: content.replace(b"7 days", b"7 years") if "/v1/policies/" in path else content
    with pytest.raises(Inconsistent):
        await programs.customer(relay=liar.url)
    assert liar.heard == []


async def test_a_trust_document_that_ran_out_starts_no_conversation(
    programs: Programs, liar: LyingProxy, town: Town, tmp_path: Path
) -> None:
    expired = other_trust(town, tmp_path, issued=Millis(now_ms() - TRUST_LIFE_MS - 2 * 3600 * 1000))
    liar.file = lambda path, content: with_trust(content, expired) if path == "/v1/trust" else content
    with pytest.raises(Lapsed):
        await programs.customer(relay=liar.url)
    assert liar.heard == []


async def test_a_forged_trust_document_is_not_believed(programs: Programs, liar: LyingProxy, tmp_path: Path) -> None:
    forged = forged_trust(tmp_path)
    liar.file = lambda path, content: with_trust(content, forged) if path == "/v1/trust" else content
    with pytest.raises(BadSignature):
        await programs.customer(relay=liar.url)
    assert liar.heard == []


async def test_a_trust_document_that_was_rolled_back_is_noticed_and_changes_nothing(
    programs: Programs, liar: LyingProxy, town: Town
) -> None:
    places = town.places
    office = ("--office", str(places.office), "--passphrase-file", str(places.passphrase))
    signed = await asyncio.to_thread(town.run, "keys", "trust", *office)
    await asyncio.to_thread(town.run, "trust", "publish", "--relay", places.relay_url, str(signed["file"]))
    customer = await programs.customer(relay=liar.url)
    await customer.stop()
    older = (places.office / "public" / "trust.1.json").read_bytes()
    liar.file = lambda path, content: with_trust(content, older) if path == "/v1/trust" else content
    customer = await programs.customer(relay=liar.url)
    await customer.until(lambda _: customer.problem is not None)
    assert customer.problem == "replayed"
    liar.honest_again()
    agent = await programs.agent()
    chat = await agent.joined(await agent.take(DESK, customer.conversation.id))
    customer.say("Still there")
    assert await hear(chat, 1) == ["Still there"]
