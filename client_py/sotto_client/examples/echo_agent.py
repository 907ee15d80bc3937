"""An agent that answers every message with its own words, for trying things out: `python -m sotto_client.examples.echo_agent --help`.

It signs in as a person and is that person's device; a labelled assistant has a credential and a decision of its own.
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
from sotto_wire.refusals import NotFound, Refused

if TYPE_CHECKING:
    from sotto_client import Chat


async def main(options: argparse.Namespace, password: SecretText) -> None:
    who = SignIn(agent=options.agent, password=password, device=f"echo on {platform.node()}"[:80])
    root = from_fingerprint(options.root) if options.root else None
    async with await Agent.sign_in(options.relay, who, state=Path(options.state), root=root) as agent:
        await be_approved(agent)
        async with asyncio.TaskGroup() as group:
            for chat in agent.chats.values():
                group.create_task(echo(chat))
            while True:
                chat = await next_chat(agent, options.desk)
                group.create_task(echo(chat))


async def be_approved(agent: Agent) -> None:
    """Until an officer has approved this device, it can read nothing."""
    if agent.keys.state != "issued":
        code = await agent.enrol()
        print("Waiting for an officer. Request:", code, "Words:", " ".join(agent.keys.request().words), sep="\n  ")
    await agent.approved()
    print("Ready. Waiting for customers; Ctrl-C ends.", flush=True)


async def next_chat(agent: Agent, desk: str) -> Chat:
    """The next customer of the desk, once their device has let us in."""
    while True:
        await agent.waiting(desk)
        with contextlib.suppress(NotFound):  # somebody else was faster
            return await agent.joined(await agent.take(desk))


async def echo(chat: Chat) -> None:
    """Answer until the conversation is over."""
    name = chat.conversation.id.hex()[:4]
    print(f"[{name}] joined; conversation words: {' '.join(chat.conversation.words)}", flush=True)
    async for message in chat.received():
        print(f"[{name}] {message.text}", flush=True)
        chat.say(f"You said: {message.text}")
    print(f"[{name}] over", flush=True)


def options_of(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="echo_agent", description="Answers every message with its own words.")
    parser.add_argument("--relay", required=True, help="public address, such as http://localhost:8080")
    parser.add_argument("--agent", required=True)
    parser.add_argument(
        "--password-file", required=True, help="the password on the first line; never on the command line"
    )
    parser.add_argument("--state", required=True, help="folder that is this device; a new folder is a new device")
    parser.add_argument("--desk", required=True)
    parser.add_argument(
        "--root", help="fingerprint of the organisation's root; without it a new device believes what it is shown"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    try:
        given = options_of(sys.argv[1:])
        asyncio.run(main(given, SecretText(Path(given.password_file).read_text(encoding="utf-8").splitlines()[0])))
    except KeyboardInterrupt:
        print("Goodbye.")
    except Refused as refused:
        sys.exit(f"refused: {refused.code}")
