"""An officer of a demo town puts another policy in force: the next trust document, carried to the running relay."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.demo_town import Town


def bring_into_force(town: Town, policy: bytes, *, name: str) -> None:
    places = town.places
    file = places.courier / f"{name}.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(policy)
    office = ("--office", str(places.office), "--passphrase-file", str(places.passphrase))
    signed = town.run("keys", "trust", *office, "--policy", str(file))
    town.run("trust", "publish", "--relay", places.relay_url, str(signed["file"]), str(file))
