"""`sotto agents …`: who may sign in, and which of their devices wait for an officer. Signing in alone opens nothing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import click

from sotto_cli.output import json_option, request_for_people, tell
from sotto_cli.passphrase import secret_option
from sotto_cli.relay_data import Operator, at_the_relay, data_option
from sotto_cli.site import slug
from sotto_keys.ceremony.device_request import DeviceRequest, to_code
from sotto_keys.relay.password import Argon2Passwords, WeakPassword
from sotto_keys.shared.text_forms import check_name, to_base64url
from sotto_server.usecases.administer import NewAgent, add_agent, disable_agent, list_agents, pending_devices
from sotto_server.usecases.organisation import organisation_id
from sotto_wire.ids import AgentId, DeskId

if TYPE_CHECKING:
    from pathlib import Path

    from sotto_keys.shared.secret import SecretText
    from sotto_server.domain.directory import Device
    from sotto_server.usecases.administer import ListedAgent

UNNAMED: Final = "device"
LOOK_EVERY_S: Final = 0.5


@click.group()
def agents() -> None:
    """People who answer."""


def _display_name(_context: click.Context, _option: click.Parameter, value: str) -> str:
    try:
        check_name(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    return value


@agents.command("add")
@click.argument("name", callback=slug)
@click.option("--display-name", required=True, callback=_display_name, help="How colleagues read it.")
@click.option("--desk", "desks", multiple=True, required=True, callback=slug)
@secret_option("password", prompt="Password")
@data_option
@json_option
def add(
    *,
    name: str,
    display_name: str,
    desks: tuple[str, ...],
    password: SecretText,
    data: Path | None,
    as_json: bool,
) -> None:
    """Let somebody sign in. Again: changes name, password and desks, and ends their sign-ins."""
    try:
        hashed = Argon2Passwords().hash(password)
    except WeakPassword as weak:
        raise click.ClickException(str(weak)) from None
    new = NewAgent(agent=AgentId(name), name=display_name, password=hashed, desks=tuple(map(DeskId, desks)))
    with at_the_relay(data) as relay:
        relay.commit(add_agent, new)
    people = f"{display_name} signs in as {name}, and reads nothing until an officer has approved their device."
    tell({"agent": name, "name": display_name, "desks": list(desks)}, as_json=as_json, people=people)


@agents.command("list")
@data_option
@json_option
def list_all(*, data: Path | None, as_json: bool) -> None:
    """Everybody who may sign in, or could once."""
    with at_the_relay(data) as relay:
        found = relay.read(list_agents, None)
    rows = [_row(each) for each in found]
    lines = [f"{each.agent}  {each.name}  {', '.join(each.desks)}  {_state(each)}" for each in found]
    tell({"agents": rows}, as_json=as_json, people="\n".join(lines) or "No agents yet: sotto agents add NAME …")


def _state(agent: ListedAgent) -> str:
    return "may sign in" if agent.disabled_at is None else "disabled"


def _row(agent: ListedAgent) -> dict[str, object]:
    return {
        "agent": agent.agent,
        "name": agent.name,
        "desks": list(agent.desks),
        "state": _state(agent),
        "devices": agent.devices,
    }


@agents.command("disable")
@click.argument("name", callback=slug)
@data_option
@json_option
def disable(*, name: str, data: Path | None, as_json: bool) -> None:
    """End their sign-ins and keep them out. Revoking their credentials is the officer's: sotto keys revoke."""
    with at_the_relay(data) as relay:
        relay.commit(disable_agent, AgentId(name))
    people = f"{name} is disabled. Open sockets end within a second. Now have their credentials revoked."
    tell({"agent": name, "state": "disabled"}, as_json=as_json, people=people)


@agents.command("requests")
@click.option("--wait", "wait_s", type=click.IntRange(0, 3600), default=0, help="Seconds to wait for the first one.")
@data_option
@json_option
def requests(*, wait_s: int, data: Path | None, as_json: bool) -> None:
    """Devices that ask for a credential, as codes to carry to the officer. Compare the words with the person."""
    until = time.monotonic() + wait_s
    with at_the_relay(data) as relay:
        while not (waiting := relay.read(pending_devices, None)) and time.monotonic() < until:
            time.sleep(LOOK_EVERY_S)
        found = [_request(relay, each) for each in waiting]
    rows = [
        {"person": each.person, "device": each.device, "words": each.words, "code": to_code(each)} for each in found
    ]
    lines = [f"{request_for_people(each)}\n  {to_code(each)}" for each in found]
    tell({"requests": rows}, as_json=as_json, people="\n".join(lines) or "No device waits.")


def _request(relay: Operator, device: Device) -> DeviceRequest:
    org = relay.read(organisation_id, None)
    key = to_base64url(device.device)
    return DeviceRequest(org=org, person=device.agent, device=_label(device.label), leaf_key=key)


def _label(text: str) -> str:
    """What the device calls itself, if an officer can be shown that."""
    try:
        check_name(text)
    except ValueError:
        return UNNAMED
    return text
