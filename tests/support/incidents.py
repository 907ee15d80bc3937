"""An officer of a demo town tells customers of an incident: a notice from a file, signed in the office, carried to the running relay."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.demo_town import Town

NAME = "stolen-laptop"
HAPPENED = "A laptop with copies of chats was stolen."


def sign_notice(
    town: Town, *, ends_in: dt.timedelta = dt.timedelta(hours=1), contact: str = "privacy@kettle.example"
) -> str:
    """The signed notice's file: about every conversation opened since yesterday and until `ends_in` from now."""
    now = dt.datetime.now(tz=dt.UTC)
    file = town.places.courier / "notice.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(
        f"""
incident = "{NAME}"
affects_from = {(now - dt.timedelta(days=1)).isoformat()}
affects_to = {(now + ends_in).isoformat()}
expires = {(now + dt.timedelta(days=30)).isoformat()}
contact = "{contact}"

[texts.en]
what_happened = "{HAPPENED}"
consequences = "Somebody could read what you wrote."
what_we_did = "We revoked the laptop within an hour."
what_you_can_do = "Be careful with calls in our name."
""",
        encoding="utf-8",
    )
    office = ("--office", str(town.places.office), "--passphrase-file", str(town.places.passphrase))
    return str(town.run("incident", "sign", str(file), *office)["file"])


def publish_notice(town: Town, file: str) -> None:
    town.run("trust", "publish", "--relay", town.places.relay_url, file)
