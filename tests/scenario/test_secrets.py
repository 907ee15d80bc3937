"""Row 71: passwords, session tokens, private keys and passphrases lie nowhere but with whoever must have them.

Not promised: that the relay's memory holds no password or session token, for both are sent to it.
"""

from __future__ import annotations

import asyncio
import base64
import os
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import pytest
from tests.support.demo_town import branch_of, free_port
from tests.support.markers import found_in, memory_of
from tests.support.programs import Programs, hear

from sotto_cli.demo.commands import Sotto
from sotto_cli.demo.founding import found
from sotto_cli.demo.places import AGENTS, Places
from sotto_client import Agent, SignIn
from sotto_keys.shared.secret import SecretText
from sotto_keys.shared.text_forms import from_base64url
from sotto_wire.refusals import NotSignedIn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from tests.support.demo_town import Town

TYPED: Final[list[str]] = []
"""Every word of every command that a `LoudSotto` started."""


class LoudSotto(Sotto):
    """The demo's commands at the loudest log level, with what is typed written down."""

    @property
    def environment(self) -> Mapping[str, str]:
        return {**Sotto.environment.__get__(self), "SOTTO_LOG_LEVEL": "debug"}

    async def start(self, *words: str, output: int | None = None) -> asyncio.subprocess.Process:
        TYPED.extend(words)
        return await Sotto.start(self, *words, output=output)


class Secret(NamedTuple):
    """What must not be found: as text, and for keys also as the bytes they are."""

    texts: tuple[str, ...]
    raw: bytes | None = None

    def lies_in(self, octets: bytes) -> bool:
        return bool(found_in(octets, self.texts)) or (self.raw is not None and self.raw in octets)


def of_text(text: str) -> Secret:
    return Secret((text,))


def of_bytes(octets: bytes) -> Secret:
    """Raw, in hex, and in both alphabets of base64; each text is then looked for in disguise."""
    plain, urlsafe = base64.b64encode(octets).decode().rstrip("="), base64.urlsafe_b64encode(octets).decode()
    return Secret((octets.hex(), plain, urlsafe.rstrip("=")), raw=octets)


async def the_secrets(programs: Programs) -> tuple[dict[str, Secret], Agent]:
    """Every secret that a talk uses, by what it is, taken from whoever lawfully has it; and the agent who talked."""
    customer, agent, chat = await programs.in_a_chat()
    customer.say("Hello")
    assert await hear(chat, 1) == ["Hello"]
    places, signed_in = programs.town.places, agent._line._session
    assert signed_in is not None
    kept = msgspec.json.decode(places.relay.joinpath("statement.key").read_bytes())
    secrets = {
        "password": of_text(programs.town.password("ana")),
        "passphrase": of_text(places.passphrase.read_text("utf-8").strip()),
        "session token": Secret((signed_in.session,), raw=from_base64url(signed_in.session)),
        "customer's key": of_bytes(customer._begin.key.reveal_seed()),
        "agent's device key": of_bytes(agent._begin.keys.key.reveal_seed()),
        "statement key": of_bytes(from_base64url(kept["seed"])),
    }
    return secrets, agent


def in_octets(octets: bytes, secrets: Mapping[str, Secret]) -> set[str]:
    return {what for what, secret in secrets.items() if secret.lies_in(octets)}


def in_files(paths: Iterable[Path], secrets: Mapping[str, Secret]) -> dict[str, set[str]]:
    hits = {path.name: in_octets(path.read_bytes(), secrets) for path in paths if path.is_file()}
    return {name: hit for name, hit in hits.items() if hit}


def in_memory(pid: int, secrets: Mapping[str, Secret]) -> set[str]:
    return {what for chunk in memory_of(pid) for what in in_octets(chunk, secrets)}


@pytest.fixture
def loud(town: Town, tmp_path: Path) -> Iterator[Town]:
    """A relay that logs all it can."""
    with branch_of(town, tmp_path / "loud", sotto=LoudSotto) as branch:
        yield branch


@pytest.mark.timeout(240)  # founds an organisation, sets up a second relay and reads two processes' memory
async def test_row_71_nothing_lies_in_the_relays_files_memory_or_debug_log(loud: Town, tmp_path: Path) -> None:
    async with Programs(loud, tmp_path) as programs:
        secrets, _ = await the_secrets(programs)
        who = SignIn(agent="ana", password=SecretText(f"not {loud.password('ana')}"), device="a program")
        with pytest.raises(NotSignedIn):
            await Agent.sign_in(loud.places.relay_url, who, state=tmp_path / "wrong", root=programs.root)
        assert loud.relay is not None
        log = loud.places.folder / "relay.log"
        # The one secret the relay keeps, in the one file it is kept in: so the search can find.
        assert in_files(loud.places.relay.rglob("*"), secrets) == {"statement.key": {"statement key"}}
        assert b"agent.sign_in_refused" in log.read_bytes()
        assert in_octets(log.read_bytes(), secrets) == set()
        sent_to_it_or_its_own = ("password", "session token", "statement key")
        never = {what: secret for what, secret in secrets.items() if what not in sent_to_it_or_its_own}
        assert await asyncio.to_thread(in_memory, os.getpid(), never) == set(never)
        assert await asyncio.to_thread(in_memory, loud.relay.pid, never) == set()


async def test_row_71_what_is_thrown_and_shown_of_a_program_holds_no_secret(programs: Programs) -> None:
    secrets, agent = await the_secrets(programs)
    shown = repr((agent._begin, agent._line._session, SignIn("ana", SecretText(programs.town.password("ana")), "x")))
    assert "‹secret›" in shown
    assert in_octets(shown.encode(), secrets) == set()


async def test_no_command_of_the_demo_is_given_a_secret_to_read_in_its_arguments(town: Town, tmp_path: Path) -> None:
    places = Places(tmp_path / "demo", town.places.checkout, relay_port=free_port(), shop_port=free_port())
    TYPED.clear()
    await found(LoudSotto(places))
    files = (places.passphrase, *(places.password(agent) for agent in AGENTS))
    said = " ".join(TYPED)
    assert str(places.passphrase) in said, "the commands were written down"
    assert [path.name for path in files if path.read_text("utf-8").strip() in said] == []
