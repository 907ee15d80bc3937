"""The statement key on disk: the secret half for the relay alone, the public half for the officer to take away."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from sotto_keys.relay.statement_key import StatementKey, new_statement_key, parse_statement_key
from sotto_keys.shared.untrusted import Untrusted
from sotto_server.faults import ConfigFault

if TYPE_CHECKING:
    from pathlib import Path

    from sotto_server.ports import Entropy
    from sotto_wire.ids import Millis

PUBLIC_NAME: Final = "statement_key.json"
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def read_statement_key(path: Path) -> StatementKey:
    """The key in `path`; `ConfigFault` where there is none, where others may read it, or where it is none."""
    try:
        mode = path.stat().st_mode
        octets = path.read_bytes()
    except OSError as error:
        raise ConfigFault(f"{path.name}: {error.strerror}; set the relay up with `sotto init`") from None
    if mode & _OTHERS:
        raise ConfigFault(f"{path.name} may be read by others than its owner: chmod 600")
    try:
        return parse_statement_key(octets)
    except Untrusted:
        raise ConfigFault(f"{path.name} is no statement key") from None


def make_statement_key(path: Path, entropy: Entropy, *, now: Millis) -> StatementKey:
    """The key in `path`, made where there is none yet; its public half is written beside it."""
    if not path.exists():
        key = new_statement_key(entropy, nbf=now)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(key.to_bytes())
    key = read_statement_key(path)
    path.with_name(PUBLIC_NAME).write_bytes(key.public_file())
    return key
