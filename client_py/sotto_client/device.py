"""This device's signing key: made once, kept sealed, and what says hello with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sotto_client.session import Identity
from sotto_keys.shared.dsse import HELLO_TYPE, pae
from sotto_keys.shared.secret import SecretSigningKey

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from sotto_client.store import DeviceStore

RECORD: Final = "device"
SEED_BYTES: Final = 32
BUILD: Final = "sotto-client-python"
CONSOLE: Final = "console"


def device_key(store: DeviceStore, entropy: Callable[[int], bytes]) -> SecretSigningKey:
    """The key of the device that this store is; a new store gets a new one."""
    seed = store.load(RECORD)
    if seed is None:
        seed = entropy(SEED_BYTES)
        store.save({RECORD: seed})
    return SecretSigningKey(seed)


def identity_of(
    key: SecretSigningKey, *, role: Literal["customer", "agent"], site: str, origin: str, session: str | None = None
) -> Identity:
    """Who says hello with this key."""
    return Identity(
        site=site,
        origin=origin,
        role=role,
        device=key.public,
        session=session,
        build=BUILD,
        sign=lambda claims: key.sign(pae(HELLO_TYPE, claims)),
    )
