"""`sotto bench sleep`: an agent leaves, a phone sleeps, the relay restarts twice, thousands of messages wait, a second tab opens."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from sotto_bench.crowd import AGENT, CUSTOMER, Pair, a_customer, an_agent
from sotto_bench.works import founded
from sotto_cli.demo.places import DESK, SITE
from sotto_cli.output import json_option, tell
from sotto_client.connection import Connection, LinkLost
from sotto_client.device import device_key, identity_of
from sotto_client.relay_http import socket_url
from sotto_wire.codes import Close
from sotto_wire.limits import MESSAGES_PER_10_S

if TYPE_CHECKING:
    from sotto_bench.oracle import Findings
    from sotto_bench.works import Works
    from sotto_client import Customer
    from sotto_client.store import DeviceStore

WINDOW_MS: Final = 10_000
AWAKE: Final = 3
"""Messages each way before the phone sleeps and after it woke."""
SETTLED_WITHIN_S: Final = 900.0
FAILED: Final = 2


async def sleep_and_wake(works: Works, folder: Path, *, messages: int) -> tuple[Findings, int]:
    """What both ends show after it all, and for how long the phone slept by the relay's clock, in minutes."""
    agent, customer = await an_agent(works, 0, folder / "agent"), await a_customer(works, folder / "phone")
    pair = Pair(customer, await agent.joined(await agent.take(DESK, customer.conversation.id)))
    await _talk(pair)

    await customer.stop()
    slept_from = works.offset_ms
    await _fill(works, pair, messages)
    # The agent leaves for the day: the program ends, and its device goes on tomorrow where it was.
    await agent.stop()
    slept_minutes = (works.offset_ms - slept_from) // 60_000

    pair.customer = first_tab = await a_customer(works, folder / "phone")
    await _until(first_tab, messages)
    await _second_tab(works, first_tab)
    await first_tab.stop()
    pair.customer = second_tab = await a_customer(works, folder / "phone")

    agent = await an_agent(works, 0, folder / "agent")
    pair.chat = agent.chats[second_tab.conversation.id]
    await _talk(pair)
    findings = pair.judge()
    await agent.stop()
    await second_tab.stop()
    return findings, slept_minutes


async def _talk(pair: Pair) -> None:
    for _ in range(AWAKE):
        pair.say(CUSTOMER)
        pair.say(AGENT)
    await _settled(pair)


async def _settled(pair: Pair) -> None:
    async with asyncio.timeout(SETTLED_WITHIN_S):
        await pair.customer.until(lambda _: pair.is_settled)


async def _fill(works: Works, pair: Pair, messages: int) -> None:
    """As many a window as the relay lets a device send; between two windows its clock goes on. It restarts at each third."""
    restarts = {messages // 3, 2 * messages // 3}
    for said in range(messages):
        if said in restarts:
            await works.kill()
            await works.start()
        if said % MESSAGES_PER_10_S == 0:
            await pair.chat.settled()
            works.advance(WINDOW_MS)
        pair.say(AGENT)
    await pair.chat.settled()
    pair.look()


async def _until(customer: Customer, messages: int) -> None:
    async with asyncio.timeout(SETTLED_WITHIN_S):
        await customer.until(lambda conversation: len(conversation.messages) >= messages + 2 * AWAKE)


async def _second_tab(works: Works, first: Customer) -> None:
    """Another socket of the same device: the first is told that it was taken over, and ends for good."""
    store: DeviceStore = first._begin.store  # noqa: SLF001 - a tab of the same browser reads the same store
    key = device_key(store, lambda _: b"")
    who = identity_of(key, role="customer", site=SITE, origin=works.places.shop_url)
    second = await Connection.open(socket_url(works.places.relay_url), who)
    with suppress(LinkLost):
        await first.until(lambda _: False)
    ended = first._begin.life.ended  # noqa: SLF001 - as above
    assert isinstance(ended, LinkLost), ended
    assert ended.close_code == Close.TAKEN_OVER, ended.close_code
    await second.close()


@click.command()
@click.option("--messages", default=5000, show_default=True, type=click.IntRange(10, 9_000))
@json_option
def sleep(*, messages: int, as_json: bool) -> int:
    """Both ends must show one transcript afterwards; exit code 2 where they do not."""

    async def run(folder: Path) -> tuple[Findings, int]:
        async with founded(folder / "works") as works:
            return await sleep_and_wake(works, folder, messages=messages)

    with tempfile.TemporaryDirectory(prefix="sotto-bench-") as folder:
        findings, minutes = asyncio.run(run(Path(folder)))
    facts = {"queued": messages, "slept_minutes": minutes, "messages": asdict(findings)}
    tell(facts, as_json=as_json, people=f"{messages} queued while the phone slept {minutes} min: {asdict(findings)}")
    return 0 if findings.is_clean else FAILED
