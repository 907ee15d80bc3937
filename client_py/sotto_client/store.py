"""What a device keeps, sealed, in one SQLite file. Every change is one transaction, on disk before anything leaves the device."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
)
from nacl.exceptions import CryptoError

from sotto_keys.shared.untrusted import Malformed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_NONCE_BYTES: Final = 24
_KEY_BYTES: Final = 32
_SCHEMA: Final = "CREATE TABLE IF NOT EXISTS sealed (name TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT"
_PRAGMAS: Final = ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL", "secure_delete=ON")


@dataclass(slots=True)
class DeviceStore:
    """Names to sealed bytes. The name is bound to the body, so that rows cannot be exchanged."""

    _database: sqlite3.Connection
    _secret_key: bytes = field(repr=False)
    _entropy: Callable[[int], bytes]

    @classmethod
    def open(cls, folder: Path, *, entropy: Callable[[int], bytes] = os.urandom) -> Self:
        """The store in `folder`, made where it is missing; the sealing key lies beside it in a file of mode 0600.

        `BlockingIOError` while another program has it open: one state used twice would use its keys twice.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        secret_key = _sealing_key(folder / "sealing.key", entropy)
        database = sqlite3.connect(folder / "device.sqlite3", isolation_level=None, timeout=0)
        try:
            for pragma in _PRAGMAS:
                database.execute(f"PRAGMA {pragma}")
            database.execute(_SCHEMA)
        except sqlite3.OperationalError as error:
            database.close()
            raise BlockingIOError(f"the state in this folder cannot be used: {error}") from None
        return cls(database, secret_key, entropy)

    def load(self, name: str) -> bytes | None:
        """The bytes kept under `name`; `Malformed` where they are not what was sealed."""
        row = self._database.execute("SELECT body FROM sealed WHERE name = ?", (name,)).fetchone()
        return None if row is None else self._unseal(name, row[0])

    def names(self, prefix: str) -> list[str]:
        """Kept names that begin with `prefix`, in order."""
        rows = self._database.execute(
            "SELECT name FROM sealed WHERE substr(name, 1, ?) = ? ORDER BY name", (len(prefix), prefix)
        )
        return [name for (name,) in rows]

    def save(self, changes: Mapping[str, bytes | None]) -> None:
        """All of `changes` or nothing; none deletes. On disk when it returns."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            for name, body in changes.items():
                self._write(name, body)
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _write(self, name: str, body: bytes | None) -> None:
        if body is None:
            self._database.execute("DELETE FROM sealed WHERE name = ?", (name,))
            return
        self._database.execute(
            "INSERT INTO sealed (name, body) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET body = excluded.body",
            (name, self._seal(name, body)),
        )

    def _seal(self, name: str, body: bytes) -> bytes:
        nonce = self._entropy(_NONCE_BYTES)
        return nonce + crypto_aead_xchacha20poly1305_ietf_encrypt(body, name.encode(), nonce, self._secret_key)

    def _unseal(self, name: str, sealed: bytes) -> bytes:
        nonce, box = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return crypto_aead_xchacha20poly1305_ietf_decrypt(box, name.encode(), nonce, self._secret_key)
        except (CryptoError, ValueError):
            raise Malformed(name) from None


def _sealing_key(path: Path, entropy: Callable[[int], bytes]) -> bytes:
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as new:
            new.write(entropy(_KEY_BYTES))
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise PermissionError(f"{path.name} may be read by others; make it mode 0600")
    key = path.read_bytes()
    if len(key) != _KEY_BYTES:
        raise Malformed(path.name)
    return key
