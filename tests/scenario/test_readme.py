"""The example in the SDK's README is a program that works."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.programs import hear

from sotto_cli.demo.places import DESK
from sotto_keys.shared.text_forms import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from tests.support.demo_town import Town
    from tests.support.programs import Programs

README = Path(__file__).resolve().parents[2] / "client_py" / "README.md"


def example() -> Callable[..., Coroutine[object, object, str]]:
    found = re.search(r"```python\n(.*?)```", README.read_text("utf-8"), flags=re.DOTALL)
    assert found is not None
    names: dict[str, Callable[..., Coroutine[object, object, str]]] = {}
    exec(found[1], names)  # noqa: S102 - our own words
    return names["ask"]


async def test_the_example_asks_and_is_answered(programs: Programs, town: Town) -> None:
    agent = await programs.agent()
    state = programs.folder / "reader"
    asking = asyncio.create_task(
        example()(town.places.relay_url, origin=town.shop_url, root=fingerprint(programs.root), state=state)
    )
    await agent.waiting(DESK)
    chat = await agent.joined(await agent.take(DESK))
    assert await hear(chat, 1) == ["My lid is cracked. What now?"]
    chat.say("We send you a new one.")
    assert await asking == "Ana: We send you a new one."
