"""Customers and agents of a demo town, as programs of the SDK."""

from __future__ import annotations

from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from sotto_cli.demo.places import DESK, SITE
from sotto_client import Agent, Customer, Page, SignIn
from sotto_keys.ceremony.office import Office
from sotto_keys.shared.secret import SecretText
from sotto_wire.refusals import Refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.demo_town import Town

    from sotto_client import Chat, Message
    from sotto_client.questions import Answer, Question
    from sotto_wire.ids import Digest


@dataclass
class Programs:
    """Each name has a folder of its own; the same name again is the same device."""

    town: Town
    folder: Path
    ends: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def root(self) -> Digest:
        return Office(self.town.places.office).roots().newest.digest

    async def customer(
        self,
        name: str = "customer",
        *,
        relay: str | None = None,
        decide: Callable[[Question], Answer | None] = lambda _: None,
    ) -> Customer:
        """Opens a conversation, or goes on with it; `relay` is the honest one unless a test says otherwise."""
        page = Page(site=SITE, desk=DESK, root=self.root, origin=self.town.shop_url)
        address = relay or self.town.places.relay_url
        opened = await Customer.open(address, page, state=self.folder / name, agree=lambda _: True, decide=decide)
        self.ends.push_async_callback(_leave, opened)
        return opened

    async def agent(self, name: str = "ana", *, device: str | None = None) -> Agent:
        """Signs in with their usual device, or with one of this test, and waits for the officer where it is new."""
        who = SignIn(agent=name, password=SecretText(self.town.password(name)), device=f"{name}'s program")
        usual = self.town.places.folder.with_name(f"{self.town.places.folder.name}-devices")
        state = usual / name if device is None else self.folder / device
        signed_in = await Agent.sign_in(self.town.places.relay_url, who, state=state, root=self.root)
        self.ends.push_async_callback(signed_in.stop)
        if signed_in.keys.state != "issued":
            await signed_in.enrol()
        await signed_in.approved()
        return signed_in

    async def in_a_chat(
        self, *, decide: Callable[[Question], Answer | None] = lambda _: None
    ) -> tuple[Customer, Agent, Chat]:
        """A customer, an agent, and the conversation as the agent sees it."""
        customer, agent = await self.customer(decide=decide), await self.agent()
        await agent.waiting(DESK)
        chat = await agent.joined(await agent.take(DESK))
        await customer.until(lambda conversation: conversation.member.epoch > 0)
        return customer, agent, chat

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.ends.aclose()


async def _leave(customer: Customer) -> None:
    """An open conversation would wait at the desk for the next test."""
    if not customer.conversation.is_closed and customer.conversation.broken is None:
        with suppress(Refused):
            await customer.close()
    await customer.stop()


async def hear(chat: Chat | Customer, count: int) -> list[str]:
    """The next messages of the others."""
    heard: list[Message] = []
    async for message in chat.received():
        heard.append(message)
        if len(heard) == count:
            break
    return [each.text for each in heard]
