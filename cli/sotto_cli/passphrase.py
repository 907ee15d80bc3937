"""Passphrases and passwords: from a prompt or a file, never from the command line, where every process could read them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from sotto_keys.shared.secret import SecretText

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")


def secret_option(name: str, *, prompt: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """`--NAME-file FILE`, or a prompt without echo; the command gets a `SecretText` called NAME."""
    return click.option(
        f"--{name}-file",
        name,
        type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True),
        callback=lambda _context, _option, path: _read(path, prompt=prompt),
        help=f"File with the {name} on its first line; asked for when absent.",
    )


def _read(path: Path | None, *, prompt: str) -> SecretText:
    if path is None:
        answer: str = click.prompt(prompt, hide_input=True, err=True)
        return SecretText(answer)
    with click.open_file(str(path), encoding="utf-8") as file:
        text = file.read()
    return SecretText(text.splitlines()[0] if text else "")


passphrase_option = secret_option("passphrase", prompt="Passphrase")
