"""Customers and agents, all programs of the SDK, who talk in pairs while the relay is being hurt, and what they show in the end."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sotto_bench.oracle import Findings, Line, Oracle, in_all
from sotto_bench.patience import Patience
from sotto_cli.demo.places import AGENTS, DESK, SITE
from sotto_client import Agent, Customer, Page, SignIn
from sotto_keys.shared.secret import SecretText

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path
    from random import Random

    from sotto_bench.works import Works
    from sotto_client import Chat

STILL_S: Final = 60.0
"""Twice the longest wait between two tries to connect, and six times the longest that the rate limit asks for."""
LOOK_EVERY_S: Final = 0.05
CUSTOMER: Final = "customer"
AGENT: Final = "agent"


@dataclass
class Pair:
    """One conversation: its two ends, and its truth."""

    customer: Customer
    chat: Chat
    oracle: Oracle = field(default_factory=Oracle)
    count: int = 0

    def say(self, speaker: str, text: str | None = None) -> None:
        """Say something nobody has said before."""
        self.count += 1
        text = text or f"{speaker} {self.count}"
        self._end(speaker).say(text)
        self.oracle.said(speaker, text)

    def look(self) -> None:
        """Note what each end saw acknowledged so far."""
        for speaker in (CUSTOMER, AGENT):
            mine = (each for each in self._end(speaker).conversation.messages if each.is_mine)
            self.oracle.acknowledged(speaker, (each.text for each in mine if each.standing == "sent"))

    @property
    def is_settled(self) -> bool:
        """Nothing waits to be sent, and both ends show equally much."""
        ends = [self._end(each).conversation for each in (CUSTOMER, AGENT)]
        return not any(each.outbox for each in ends) and len({len(each.messages) for each in ends}) == 1

    @property
    def moved(self) -> int:
        """Messages that one of the two ends knows in the relay's order."""
        ends = [self._end(each).conversation for each in (CUSTOMER, AGENT)]
        return sum(each.standing == "sent" for end in ends for each in end.messages)

    def stuck(self) -> list[str]:
        found = []
        for speaker in (CUSTOMER, AGENT):
            end = self._end(speaker)
            now = end.conversation
            if now.outbox or now.broken is not None or now.is_closed:
                found.append(
                    f"{speaker}: {len(now.outbox)} wait, stage {now.stage}, broken {now.broken}, problem {end.problem}"
                )
        return found

    def shown(self) -> dict[str, list[Line]]:
        return {speaker: self._lines(speaker) for speaker in (CUSTOMER, AGENT)}

    def judge(self) -> Findings:
        self.look()
        return self.oracle.judge(self.shown())

    def _lines(self, mine: str) -> list[Line]:
        other = AGENT if mine == CUSTOMER else CUSTOMER
        messages = self._end(mine).conversation.messages
        return [Line(mine if each.is_mine else other, each.text) for each in messages]

    def _end(self, speaker: str) -> Customer | Chat:
        return self.customer if speaker == CUSTOMER else self.chat


@dataclass
class Crowd:
    """Everybody who talks."""

    pairs: list[Pair]
    agents: list[Agent]

    async def talk(self, random: Random, *, pause_s: float) -> None:
        """Somebody says something after every pause, until cancelled."""
        while True:
            pair = random.choice(self.pairs)
            pair.say(random.choice((CUSTOMER, AGENT)))
            pair.look()
            await asyncio.sleep(random.uniform(0, 2 * pause_s))

    async def settle(self, *, still_s: float = STILL_S) -> bool:
        """Wait until everybody has sent and received what was said, or nothing has moved for so long; whether they have."""
        clock, patience = asyncio.get_running_loop().time, Patience(still_s=still_s)
        while not all(pair.is_settled for pair in self.pairs):
            for pair in self.pairs:
                pair.look()
            if patience.is_over(sum(pair.moved for pair in self.pairs), now_s=clock()):
                return False
            await asyncio.sleep(LOOK_EVERY_S)
        return True

    def judge(self) -> Findings:
        return in_all(pair.judge() for pair in self.pairs)

    def stuck(self) -> list[str]:
        """Why each end that has something left to say does not say it, as far as it knows."""
        return [each for pair in self.pairs for each in pair.stuck()]


async def a_customer(works: Works, state: Path) -> Customer:
    """Opens a conversation, or goes on with the one in `state`."""
    page = Page(site=SITE, desk=DESK, root=works.root, origin=works.places.shop_url)
    return await Customer.open(works.places.relay_url, page, state=state, agree=lambda _: True)


async def an_agent(works: Works, number: int, state: Path) -> Agent:
    """One of the demo's agents, approved."""
    person = AGENTS[number]
    password = SecretText(works.places.password(person).read_text("utf-8").strip())
    who = SignIn(agent=person.agent, password=password, device=f"{person.agent}'s program")
    agent = await Agent.sign_in(works.places.relay_url, who, state=state, root=works.root)
    if agent.keys.state != "issued":
        await agent.enrol()
    await agent.approved()
    return agent


@asynccontextmanager
async def gathered(works: Works, folder: Path, *, pairs: int) -> AsyncIterator[Crowd]:
    """So many customers, each in a chat with one of the agents."""
    async with AsyncExitStack() as ends:
        agents = []
        for number in range(min(pairs, len(AGENTS))):
            agents.append(await an_agent(works, number, folder / f"agent-{number}"))
            ends.push_async_callback(agents[-1].stop)
        crowd = Crowd([], agents)
        for number in range(pairs):
            customer = await a_customer(works, folder / f"customer-{number}")
            ends.push_async_callback(customer.stop)
            agent = agents[number % len(agents)]
            chat = await agent.joined(await agent.take(DESK, customer.conversation.id))
            crowd.pairs.append(Pair(customer, chat))
        yield crowd
