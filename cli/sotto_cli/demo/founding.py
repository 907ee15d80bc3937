"""Everything that has to be done once before the first customer comes, in the order an organisation would do it. Safe to repeat."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from sotto_cli.demo.places import DESK, ORG, ORG_NAME, PEOPLE, SITE

if TYPE_CHECKING:
    from pathlib import Path

    from sotto_cli.demo.commands import Sotto

SECRET_BYTES: Final = 12


async def found(sotto: Sotto) -> None:
    """The officer founds the organisation, the relay is set up under its root, the shop and two agents are added."""
    places = sotto.places
    _secret_file(places.passphrase)
    places.courier.mkdir(parents=True, exist_ok=True)
    if not (places.office / "public" / "root.1.json").exists():
        # The demo's passphrase is 96 random bits in a file beside the key: a slow derivation would protect nothing.
        light = ("--unsafe-for-tests-light", "--passphrase-file", str(places.passphrase))
        await sotto.run("keys", "init", "--org", ORG, "--name", ORG_NAME, "--out", str(places.office), *light)
    if not (places.relay / "statement_key.json").exists():
        root = places.office / "public" / "root.1.json"
        await sotto.run("init", "--root", str(root), "--data", str(places.relay))
    await sotto.run("site", "add", SITE, "--origin", places.shop_url, "--desk", DESK)
    for agent in PEOPLE:
        if places.password(agent).exists():
            continue  # adding again would end the agent's sign-ins
        _secret_file(places.password(agent))
        password = ("--password-file", str(places.password(agent)))
        await sotto.run("agents", "add", agent.agent, "--display-name", agent.name, "--desk", agent.desk, *password)


async def sign_and_publish(sotto: Sotto) -> None:
    """The officer signs the next trust document over policy, statement key and release; a courier carries it to the relay."""
    places = sotto.places
    signed = await sotto.run(
        "keys",
        "trust",
        "--office",
        str(places.office),
        "--passphrase-file",
        str(places.passphrase),
        "--statement-key",
        str(places.relay / "statement_key.json"),
        "--policy",
        str(places.policy),
        "--release",
        str(places.web / "releases.json"),
    )
    root = places.office / "public" / "root.1.json"
    files = (str(root), str(signed["file"]), str(places.policy))
    await sotto.run("trust", "publish", "--relay", places.relay_url, *files)


def _secret_file(path: Path) -> None:
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(secrets.token_urlsafe(SECRET_BYTES) + "\n", encoding="utf-8")
