"""Files that hold secrets: written for their owner alone, and not read when others could have read them."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from sotto_keys.shared.untrusted import Untrusted

if TYPE_CHECKING:
    from pathlib import Path

OWNER_ONLY: Final = 0o600
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class Exposed(Untrusted):
    """A secret's file that others than its owner may open."""

    code = "exposed"


def write_secret_file(path: Path, octets: bytes) -> None:
    """Create `path` with mode 0600 and these bytes, on disk before it returns. `FileExistsError` rather than overwrite a key."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    with os.fdopen(handle, "wb") as file:
        file.write(octets)
        file.flush()
        os.fsync(handle)


def read_secret_file(path: Path) -> bytes:
    """The bytes; `Exposed` where group or others have any right on the file."""
    with path.open("rb") as file:
        if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & _OTHERS:
            raise Exposed(f"{path.name} must be readable by its owner alone (chmod 600)")
        return file.read()
