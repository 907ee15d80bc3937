"""The relay as its operator runs it: a process of its own, set up and stopped by the command line."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import aiohttp
import pytest
from tests.support.policies import edited, signed
from tests.support.wire_client import signed_in

from sotto_keys.shared.secret import SecretSigningKey
from sotto_server.adapters.clock import SystemClock
from sotto_server.adapters.store.store import open_store
from sotto_server.usecases.publish_documents import Documents, publish_documents
from sotto_wire.frames import TrustUpdate

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator, Callable

CHECKOUT: Final = Path(__file__).parents[2]
SHOP: Final = "https://shop.example"
CONSOLE: Final = "http://localhost:8080"


@dataclass
class Terminal:
    """Types `sotto …` in a folder."""

    folder: Path
    port: int = 0

    @property
    def environ(self) -> dict[str, str]:
        packages = ("wire", "keys", "server", "cli")
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("SOTTO_")},
            "PYTHONPATH": os.pathsep.join(str(CHECKOUT / each) for each in packages),
            "SOTTO_DATA_DIR": str(self.folder / "relay"),
            "SOTTO_LISTEN": f"127.0.0.1:{self.port}",
            "SOTTO_PUBLIC_URL": CONSOLE,
        }

    async def start(self, *words: str, before_exec: Callable[[], None] | None = None) -> Process:
        pipe = asyncio.subprocess.PIPE
        command = (sys.executable, "-m", "sotto_cli.main", *words)
        return await asyncio.create_subprocess_exec(
            *command, env=self.environ, stdout=pipe, stderr=pipe, preexec_fn=before_exec
        )

    async def run(self, *words: str, expect: int = 0) -> str:
        process = await self.start(*words)
        out, err = await process.communicate()
        assert process.returncode == expect, err.decode()
        return out.decode() + err.decode()

    @asynccontextmanager
    async def relay(self, *, before_exec: Callable[[], None] | None = None) -> AsyncIterator[Process]:
        """A relay that has said it started; killed at the end if it still runs."""
        process = await self.start("run", before_exec=before_exec)
        try:
            started = await heard(process, "relay.started")
            self.port = int(str(started["port"]))
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()


async def heard(process: Process, event: str) -> dict[str, object]:
    """The next line of the journal with this event."""
    assert process.stderr is not None
    async with asyncio.timeout(30):
        while line := await process.stderr.readline():
            told: dict[str, object] = json.loads(line)
            if told["event"] == event:
                return told
    raise AssertionError(f"the relay ended without {event}")


@pytest.fixture
async def terminal(tmp_path: Path) -> Terminal:
    typed = Terminal(tmp_path)
    (tmp_path / "passphrase").write_text("paper boat in the rain\n")
    office, passphrase = str(tmp_path / "office"), ("--passphrase-file", str(tmp_path / "passphrase"))
    light = ("--unsafe-for-tests-light", *passphrase)
    await typed.run("keys", "init", "--org", "kettle", "--name", "Kettle & Cup", "--out", office, *light)
    await typed.run("init", "--root", f"{office}/public/root.1.json")
    await typed.run("site", "add", "shop", "--origin", SHOP, "--desk", "support")
    return typed


async def test_a_relay_that_is_told_to_stop_says_goodbye_and_ends_well(terminal: Terminal) -> None:
    async with terminal.relay() as process:
        async with signed_in(terminal.port, SecretSigningKey(b"c" * 32)) as (customer, _):
            process.send_signal(signal.SIGTERM)
            assert await customer.close_code() == 1001
        await heard(process, "relay.stopped")
        assert await process.wait() == 0


async def test_published_documents_make_a_relay_ready_and_reach_who_listens(terminal: Terminal) -> None:
    folder = terminal.folder
    policy = str(CHECKOUT / "demo" / "policy.example.toml")
    statement = ("--statement-key", str(folder / "relay" / "statement_key.json"))
    passphrase = ("--passphrase-file", str(folder / "passphrase"))
    await terminal.run("keys", "trust", "--office", str(folder / "office"), *passphrase, *statement, "--policy", policy)
    trust = str(folder / "office" / "public" / "trust.1.json")
    async with terminal.relay():
        await terminal.run("healthcheck")
        assert "missing" in await terminal.run("healthcheck", "--ready", expect=2)
        async with signed_in(terminal.port, SecretSigningKey(b"c" * 32)) as (customer, _):
            await terminal.run("trust", "publish", "--relay", f"http://127.0.0.1:{terminal.port}", trust, policy)
            assert set(json.loads((await customer.next(TrustUpdate)).bundle)) == {"roots", "trust"}
        await terminal.run("healthcheck", "--ready")


async def test_a_production_policy_with_an_error_keeps_the_relay_from_starting_until_another_is_put_in_place(
    terminal: Terminal,
) -> None:
    folder, office = terminal.folder, str(terminal.folder / "office")
    passphrase = ("--passphrase-file", str(folder / "passphrase"))
    production = signed(edited('environment = "demo"', 'environment = "production"'))
    broken = folder / "broken.toml"
    # Long past its legal review, whenever this test runs.
    broken.write_bytes(signed(edited("review_due = 2027-04-15", "review_due = 2020-04-15", octets=production)))
    statement = ("--statement-key", str(folder / "relay" / "statement_key.json"))
    await terminal.run("keys", "trust", "--office", office, *passphrase, *statement, "--policy", str(broken))
    signed_trust = (folder / "office" / "public" / "trust.1.json").read_bytes()
    store = open_store(folder / "relay" / "sotto.db")
    documents = Documents(trust=signed_trust, policies=(broken.read_bytes(),))
    store.commit(publish_documents, documents, SystemClock().now())
    store.close()
    assert "E011 jurisdictions.review_due" in await terminal.run("run", expect=2)
    demo = folder / "demo.toml"
    demo.write_bytes(signed(edited('version = "2026.11.1"', 'version = "2026.11.2"')))
    await terminal.run("keys", "trust", "--office", office, *passphrase, "--policy", str(demo))
    second = str(folder / "office" / "public" / "trust.2.json")
    await terminal.run("trust", "publish", "--data", str(folder / "relay"), second, str(demo))
    async with terminal.relay():
        await terminal.run("healthcheck")


async def test_two_relays_do_not_share_a_port(terminal: Terminal) -> None:
    async with terminal.relay():
        assert "address already in use" in (await terminal.run("run", expect=2)).lower()


def few_files() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))


async def test_row_15_more_connections_than_open_files_leave_the_relay_accepting(terminal: Terminal) -> None:
    async with terminal.relay(before_exec=few_files) as process:
        crowd = [await asyncio.open_connection("127.0.0.1", terminal.port) for _ in range(300)]
        told = await heard(process, "connection.refused")
        assert told["code"] == "full"
        for _, writer in crowd:
            writer.transport.abort()
        await terminal.run("healthcheck")
        assert process.returncode is None


async def test_an_agent_is_disabled_while_the_relay_runs(terminal: Terminal) -> None:
    (terminal.folder / "password").write_text("correct horse battery\n")
    password = ("--password-file", str(terminal.folder / "password"))
    await terminal.run("agents", "add", "ada", "--display-name", "Ada", "--desk", "support", *password)
    async with terminal.relay(), aiohttp.ClientSession() as http:
        body = {"agent": "ada", "password": "correct horse battery"}
        url = f"http://127.0.0.1:{terminal.port}/v1/sign-in"
        answer = await http.post(url, json=body, headers={"Origin": CONSOLE})
        session = str((await answer.json())["session"])
        async with signed_in(terminal.port, SecretSigningKey(b"a" * 32), session=session, origin=CONSOLE) as (ada, _):
            await terminal.run("agents", "disable", "ada")
            assert await ada.close_code() == 4403
