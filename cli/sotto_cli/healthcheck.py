"""`sotto healthcheck`: does the relay of this host answer. For containers, whose images have no other tool."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from typing import Final

import click

from sotto_cli.output import json_option, tell
from sotto_server.config import load_config
from sotto_server.faults import Fault

WITHIN_S: Final = 3.0
_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where a relay may listen, not where we do


@click.command()
@click.option("--ready", is_flag=True, help="Ask whether it can serve customers, not only whether it lives.")
@json_option
def healthcheck(*, ready: bool, as_json: bool) -> None:
    """Ask the relay at SOTTO_LISTEN; exit 0 when it is well, 2 when not."""
    try:
        listen = load_config(os.environ).listen
    except Fault as fault:
        raise click.ClickException(str(fault)) from None
    host = _EVERYWHERE.get(listen.host, listen.host)
    host = f"[{host}]" if ":" in host else host
    answer = _ask(f"http://{host}:{listen.port}/{'readyz' if ready else 'healthz'}")
    if answer.get("status") != "ok":
        raise click.ClickException(f"not well: {json.dumps(answer)}")
    tell(answer, as_json=as_json, people="ok")


def _ask(url: str) -> dict[str, object]:
    try:
        with urllib.request.urlopen(url, timeout=WITHIN_S) as answer:  # noqa: S310 - built above
            body = answer.read()
    except urllib.error.HTTPError as error:
        body = error.read()
    except (urllib.error.URLError, TimeoutError) as error:
        raise click.ClickException(f"no answer: {error}") from None
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"status": "not a relay"}
