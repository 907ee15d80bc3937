"""`sotto snippet`: what a website puts into its page, and the policy it may run under. The pin is made here, not by the relay."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

import click

from sotto_cli.output import json_option, tell
from sotto_cli.relay_data import at_the_relay, data_option
from sotto_cli.site import slug
from sotto_keys.shared.text_forms import fingerprint
from sotto_server.edge.static import keep_releases, kept_releases, newest_release
from sotto_server.usecases.organisation import desks_of_site, pinned_root
from sotto_wire.ids import SiteId

if TYPE_CHECKING:
    from pathlib import Path

    from sotto_keys.shared.trust import Release
    from sotto_server.config import Config

POLICY: Final = (
    "default-src 'none'; script-src {relay}; connect-src {relay} {socket}; style-src 'self'; img-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-src 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types sotto"
)


@click.command()
@click.argument("site", callback=slug)
@click.option("--desk", help="Which desk its customers reach; needed where the site has several.")
@click.option("--release", "version", help="A release the relay keeps; the newest by default.")
@data_option
@json_option
def snippet(*, site: str, desk: str | None, version: str | None, data: Path | None, as_json: bool) -> None:
    """Print the script tag for SITE, and the content security policy we recommend for its pages."""
    with at_the_relay(data) as relay:
        root = relay.read(pinned_root, None)
        desks = relay.read(desks_of_site, SiteId(site))
        config = relay.config
    tag = _tag(config, _release(config, version), site=site, desk=_desk(desk, desks), root=fingerprint(root))
    socket = config.public_url.replace("http", "ws", 1)
    policy = POLICY.format(relay=config.public_url, socket=socket)
    people = (
        f"{tag}\n\nContent-Security-Policy of the page (the least it needs; add what your page needs itself):\n{policy}"
    )
    if as_json:
        tell({"html": tag, "csp": policy}, as_json=True, people="")
    else:
        click.echo(people)


def _desk(wanted: str | None, desks: tuple[str, ...]) -> str:
    if not desks:
        raise click.ClickException("no such site: sotto site add NAME --origin URL --desk DESK")
    if wanted is None and len(desks) == 1:
        return desks[0]
    if wanted not in desks:
        raise click.UsageError(f"--desk must be one of {', '.join(desks)}")
    return wanted


def _release(config: Config, version: str | None) -> Release:
    if config.web_dir is not None:
        keep_releases(config.web_dir, config.bundles)
    if version is None:
        found = newest_release(config.web_dir, config.bundles)
    else:
        found = next((each for each in kept_releases(config.bundles) if each.version == version), None)
    if found is None:
        raise click.ClickException("the relay keeps no such release: set SOTTO_WEB_DIR to the built bundles")
    return found


def _tag(config: Config, release: Release, *, site: str, desk: str, root: str) -> str:
    attributes = {
        "type": "module",
        "src": f"{config.public_url}/w/{release.version}/loader.js",
        "integrity": release.loader_sri,
        "crossorigin": "anonymous",
        "data-root": root,
        "data-site": site,
        "data-desk": desk,
    }
    written = " ".join(f'{name}="{escape(value)}"' for name, value in attributes.items())
    return f"<script {written}></script>"
