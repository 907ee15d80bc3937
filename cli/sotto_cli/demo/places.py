"""Where the demo keeps things: one folder for the officer, one for the relay, one for what is carried between them, and the two origins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

ORG: Final = "kettle"
ORG_NAME: Final = "Kettle & Cup"
SITE: Final = "shop"
DESK: Final = "support"


@dataclass(frozen=True, slots=True)
class DemoAgent:
    """Somebody who answers in the demo."""

    agent: str
    name: str
    desk: str = DESK
    roles: tuple[str, ...] = ("agent",)
    kind: str = "human"


AGENTS: Final = (DemoAgent("ana", "Ana"), DemoAgent("ben", "Ben"))
GUESTS: Final = (
    DemoAgent("sue", "Sue", roles=("supervisor",)),
    DemoAgent("dora", "Dora", desk="returns"),
    DemoAgent("steam", "Steam", kind="bot"),
)
"""Whom an agent can only ask the customer for: a supervisor, an agent of another desk, an assistant."""
PEOPLE: Final = (*AGENTS, *GUESTS)


@dataclass(frozen=True, slots=True)
class Places:
    """Folders and addresses of one demo. The officer's keys and the relay's data never share a folder."""

    folder: Path
    checkout: Path
    relay_port: int
    shop_port: int

    @property
    def office(self) -> Path:
        return self.folder / "officer"

    @property
    def relay(self) -> Path:
        return self.folder / "relay"

    @property
    def courier(self) -> Path:
        """Public files on their way between officer and relay."""
        return self.folder / "courier"

    @property
    def passphrase(self) -> Path:
        return self.office / "passphrase.txt"

    def password(self, agent: DemoAgent) -> Path:
        return self.folder / "people" / f"{agent.agent}.txt"

    @property
    def relay_url(self) -> str:
        return f"http://localhost:{self.relay_port}"

    @property
    def shop_url(self) -> str:
        return f"http://localhost:{self.shop_port}"

    @property
    def web(self) -> Path:
        return self.checkout / "client_web" / "dist"

    @property
    def policy(self) -> Path:
        return self.checkout / "demo" / "policy.example.toml"

    @property
    def shop(self) -> Path:
        return self.checkout / "client_web" / "demo"
