"""Founding an organisation: its first root (1 of 1, the format takes more) and its first issuing key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sotto_keys.ceremony.office import Office
from sotto_keys.ceremony.sealed_key import ISSUING_HARDNESS, ROOT_HARDNESS, seal_key
from sotto_keys.secret_files import write_secret_file
from sotto_keys.shared import strict_json
from sotto_keys.shared.dsse import ROOT_TYPE, key_id, seal_envelope
from sotto_keys.shared.root import Role, Roles, RootDocument
from sotto_keys.shared.secret import SecretSigningKey
from sotto_keys.shared.text_forms import to_base64url
from sotto_keys.shared.untrusted import Malformed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sotto_keys.ceremony.sealed_key import Hardness
    from sotto_keys.shared.secret import SecretText
    from sotto_wire.ids import Digest, Millis

SEED_BYTES: Final = 32
ROOT_LIFE_MS: Final = 180 * 24 * 3600 * 1000
"""Bounds how long a stolen issuing key can be kept from clients; half a year is one ceremony every few months."""


@dataclass(frozen=True, slots=True)
class Organisation:
    """Its name for machines and its name for people."""

    org: str
    name: str


def found(
    folder: Path,
    organisation: Organisation,
    *,
    passphrase: SecretText,
    now: Millis,
    entropy: Callable[[int], bytes],
    hardness: tuple[Hardness, Hardness] = (ROOT_HARDNESS, ISSUING_HARDNESS),
) -> Digest:
    """Makes both keys and root 1 in `folder`; its digest, which snippets pin.

    `FileExistsError` where one was founded here before, `Malformed` for a name that cannot be.
    """
    office = Office(folder)
    if office.root_path(1).exists():
        raise FileExistsError("an organisation was founded in this folder before")
    root_key, issuing_key = SecretSigningKey(entropy(SEED_BYTES)), SecretSigningKey(entropy(SEED_BYTES))
    document = _first_root(organisation, root_key, issuing_key, expires=now + ROOT_LIFE_MS)
    envelope = seal_envelope(ROOT_TYPE, strict_json.write(document), signers=[root_key])
    sealed_root = seal_key("root", root_key, passphrase=passphrase, hardness=hardness[0], entropy=entropy)
    sealed_issuing = seal_key("issuing", issuing_key, passphrase=passphrase, hardness=hardness[1], entropy=entropy)
    (folder / "secret").mkdir(mode=0o700, parents=True, exist_ok=True)
    write_secret_file(office.key_path("root", root_key.public), strict_json.write(sealed_root))
    write_secret_file(office.key_path("issuing", issuing_key.public), strict_json.write(sealed_issuing))
    office.public.mkdir(parents=True, exist_ok=True)
    office.root_path(1).write_bytes(envelope.to_bytes())
    return envelope.digest


def _first_root(
    organisation: Organisation, root_key: SecretSigningKey, issuing_key: SecretSigningKey, *, expires: int
) -> RootDocument:
    keys = {key_id(key.public): to_base64url(key.public) for key in (root_key, issuing_key)}
    roles = Roles(
        root=Role(keyids=[key_id(root_key.public)], threshold=1),
        issuing=Role(keyids=[key_id(issuing_key.public)], threshold=1),
    )
    try:
        return RootDocument(
            org=organisation.org,
            name=organisation.name,
            version=1,
            expires=expires,
            prev_sha256="",
            keys=keys,
            roles=roles,
        )
    except ValueError as error:
        raise Malformed(str(error)) from None
