"""An assistant that sits in a conversation only by its customer's decision: `python -m sotto_client.examples.assistant --help`.

It has a credential of its own, of kind `bot`, takes nothing from a queue, and is labelled at each of its messages. When the customer
stops it, it is put out of the group and can decrypt nothing more. The answers here are canned; a real one asks a model.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sotto_client import Agent, SignIn
from sotto_keys.shared.secret import SecretText
from sotto_keys.shared.text_forms import from_fingerprint
from sotto_wire.refusals import Refused, WrongStage

if TYPE_CHECKING:
    from sotto_client import Chat

HELLO = "Hello, I am an AI assistant, a program. A person stays in this chat. Press Stop at my name to send me away."


async def main(options: argparse.Namespace, password: SecretText) -> None:
    who = SignIn(agent=options.agent, password=password, device=f"assistant on {platform.node()}"[:80])
    root = from_fingerprint(options.root) if options.root else None
    async with await Agent.sign_in(options.relay, who, state=Path(options.state), root=root) as agent:
        if agent.keys.state != "issued":
            code = await agent.enrol()
            print("Waiting for an officer. Request:", code, "Words:", " ".join(agent.keys.request().words), sep="\n  ")
        await agent.approved()
        print("Ready. Waiting to be let in; Ctrl-C ends.", flush=True)
        async with asyncio.TaskGroup() as group:
            for chat in agent.chats.values():
                group.create_task(assist(chat))
            while True:
                chat = await agent.invited()
                chat.say(HELLO)
                group.create_task(assist(chat))


async def assist(chat: Chat) -> None:
    """Answer until the customer stops us or the conversation is over."""
    name = chat.conversation.id.hex()[:4]
    print(f"[{name}] let in by the customer's decision", flush=True)
    async for message in chat.received():
        with contextlib.suppress(WrongStage):  # put out or closed since
            chat.say(f"I looked for: {message.text}")
    print(f"[{name}] over", flush=True)


def options_of(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="assistant", description="Assists where a customer let it in.")
    parser.add_argument("--relay", required=True, help="public address, such as http://localhost:8080")
    parser.add_argument("--agent", required=True)
    parser.add_argument(
        "--password-file", required=True, help="the password on the first line; never on the command line"
    )
    parser.add_argument("--state", required=True, help="folder that is this device; a new folder is a new device")
    parser.add_argument(
        "--root", help="fingerprint of the organisation's root; without it a new device believes what it is shown"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    try:
        given = options_of(sys.argv[1:])
        asyncio.run(main(given, SecretText(Path(given.password_file).read_text(encoding="utf-8").splitlines()[0])))
    except* KeyboardInterrupt:
        print("Goodbye.")
    except* Refused as refused:
        sys.exit(f"refused: {', '.join(each.code for each in refused.exceptions if isinstance(each, Refused))}")
