"""Start, use and end an agent's sign-in. Passwords were verified before this; only the token's digest comes here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from sotto_server.domain.desk import SignIn
from sotto_server.domain.rings import Rings
from sotto_wire.ids import AgentId, Millis
from sotto_wire.limits import SESSION_IDLE_MS, SESSION_LIFE_MS
from sotto_wire.refusals import NotSignedIn

if TYPE_CHECKING:
    from sotto_server.domain.desk import Agent
    from sotto_server.domain.speaker import Speaker
    from sotto_server.ports import Unit
    from sotto_wire.ids import DeskId, DeviceKey


@dataclass(frozen=True, slots=True)
class VerifiedPassword:
    """This agent's password fitted the hash `password`; `token_digest` names the sign-in that begins."""

    agent: AgentId
    password: str
    token_digest: bytes

    def __repr__(self) -> str:
        return f"VerifiedPassword({self.agent})"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The agent and how long the sign-in lasts at most."""

    agent: Agent
    desks: tuple[DeskId, ...]
    expires_at: Millis


def sign_in(unit: Unit, verified: VerifiedPassword, /, *, now: Millis) -> SignedIn:
    """Refuses with `NotSignedIn` when the agent was disabled, or the password changed, while it was being verified."""
    agent = unit.agents.get(verified.agent)
    if agent is None or agent.disabled_at is not None or agent.password != verified.password:
        raise NotSignedIn("gone in the meantime")
    expires_at = Millis(now + SESSION_LIFE_MS)
    unit.sign_ins.put(
        SignIn(
            token_digest=verified.token_digest,
            agent=agent.agent,
            started_at=now,
            used_at=now,
            expires_at=expires_at,
        )
    )
    return SignedIn(agent=agent, desks=desks_of(unit, agent.agent), expires_at=expires_at)


def sign_out(unit: Unit, token_digest: bytes, /, *, now: Millis) -> None:  # noqa: ARG001 - the shape of a use case
    """End it; nothing happens where there is none. T49: the agent's sockets look at once whether they still may speak."""
    ended = unit.sign_ins.get(token_digest)
    unit.sign_ins.remove(token_digest)
    if ended is not None:
        unit.ring(Rings(devices=frozenset(each.device for each in unit.devices.find(agent=ended.agent))))


def use_sign_in(unit: Unit, by: Speaker, /, *, now: Millis) -> None:
    """Note that it is in use. Refuses with `NotSignedIn`."""
    current = check_sign_in(unit, by, now=now)
    if current is not None:
        unit.sign_ins.put(replace(current, used_at=now))


def take_over(unit: Unit, current: SignIn, *, device: DeviceKey, now: Millis) -> None:
    """T49: `current` is this device's from now on, and the only one: what it signed in with before ends."""
    for each in unit.sign_ins.find(agent=current.agent):
        if each.device == device and each.token_digest != current.token_digest:
            unit.sign_ins.remove(each.token_digest)
    unit.sign_ins.put(replace(current, device=device, used_at=now))


def check_sign_in(unit: Unit, by: Speaker, *, now: Millis) -> SignIn | None:
    """The agent's sign-in in force, none for a customer; `NotSignedIn` when it is over or somebody else's."""
    if by.agent is None:
        return None
    current = None if by.token_digest is None else unit.sign_ins.get(by.token_digest)
    agent = unit.agents.get(by.agent)
    if current is None or agent is None or agent.disabled_at is not None or current.agent != by.agent:
        raise NotSignedIn("no sign-in")
    if current.device not in {None, by.device}:
        raise NotSignedIn("another device's sign-in")
    if now >= min(current.expires_at, current.used_at + SESSION_IDLE_MS):
        raise NotSignedIn("sign-in over")
    return current


def desks_of(unit: Unit, agent: AgentId) -> tuple[DeskId, ...]:
    return tuple(each.desk for each in unit.seats.find(agent=agent))
