"""An agent that answers every message with its own words, for trying things out: `python -m sotto_client.examples.echo_agent --help`.

It signs in as a person and is that person's device; a labelled assistant has a credential and a decision of its own. Whoever sits at
the terminal may type: each line goes to the conversation that spoke last.
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
from sotto_wire.refusals import NotFound, Refused, WrongStage

if TYPE_CHECKING:
    from sotto_client import Chat


async def main(options: argparse.Namespace, password: SecretText) -> None:
    who = SignIn(agent=options.agent, password=password, device=f"echo on {platform.node()}"[:80])
    root = from_fingerprint(options.root) if options.root else None
    async with await Agent.sign_in(options.relay, who, state=Path(options.state), root=root) as agent:
        await be_approved(agent)
        spoke_last: list[Chat] = []
        async with asyncio.TaskGroup() as group:
            if sys.stdin.isatty():
                # A terminal is readable when a whole line was typed, so reading it keeps nobody waiting.
                asyncio.get_running_loop().add_reader(sys.stdin, say_typed, spoke_last)
            for chat in agent.chats.values():
                group.create_task(echo(chat, spoke_last))
            while True:
                chat = await next_chat(agent, options.desk)
                group.create_task(echo(chat, spoke_last))


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
        # Somebody else was faster, or the customer closed before letting us in.
        with contextlib.suppress(NotFound, WrongStage):
            return await agent.joined(await agent.take(desk))


async def echo(chat: Chat, spoke_last: list[Chat]) -> None:
    """Answer until the conversation is over."""
    name = chat.conversation.id.hex()[:4]
    print(f"[{name}] joined; conversation words: {' '.join(chat.conversation.words)}", flush=True)
    async for message in chat.received():
        print(f"[{name}] {printable(message.text)}", flush=True)
        spoke_last[:] = [chat]
        with contextlib.suppress(WrongStage):  # closed since
            chat.say(f"You said: {message.text}")
    print(f"[{name}] over", flush=True)


def say_typed(spoke_last: list[Chat]) -> None:
    """The line that was typed at the terminal, to whoever spoke last. Ctrl-D ends typing, not the program."""
    line = sys.stdin.readline()
    if not line:
        asyncio.get_running_loop().remove_reader(sys.stdin)
    for chat in spoke_last:
        with contextlib.suppress(WrongStage):
            chat.say(line)


def printable(text: str) -> str:
    """A customer's words must not move the cursor or change the colours of this terminal."""
    return "".join(each if each.isprintable() else " " for each in text)


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
    except* KeyboardInterrupt:
        print("Goodbye.")
    except* Refused as refused:
        sys.exit(f"refused: {', '.join(each.code for each in refused.exceptions if isinstance(each, Refused))}")
