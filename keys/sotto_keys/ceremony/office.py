"""The officer's folder: `secret/` holds sealed keys and never leaves, `public/` holds what was signed and is meant to travel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sotto_keys.ceremony.sealed_key import parse_sealed_key, unseal_key
from sotto_keys.secret_files import read_secret_file
from sotto_keys.shared.credential import Credential, open_credential
from sotto_keys.shared.dsse import key_id, parse_envelope
from sotto_keys.shared.root_chain import RootChain, walk_roots
from sotto_keys.shared.trust import TrustDocument, open_trust
from sotto_keys.shared.untrusted import UnknownCredential

if TYPE_CHECKING:
    from pathlib import Path

    from sotto_keys.shared.dsse import Envelope
    from sotto_keys.shared.secret import SecretSigningKey, SecretText


@dataclass(frozen=True, slots=True)
class Office:
    """Paths and readings of one organisation's ceremony folder. Every document is verified each time it is read."""

    folder: Path

    @property
    def public(self) -> Path:
        return self.folder / "public"

    def root_path(self, version: int) -> Path:
        return self.public / f"root.{version}.json"

    def trust_path(self, version: int) -> Path:
        return self.public / f"trust.{version}.json"

    def credential_path(self, cred_id: str) -> Path:
        return self.public / "credentials" / f"{cred_id}.json"

    def incident_path(self, incident: str) -> Path:
        return self.public / "incidents" / f"{incident}.json"

    def policy_path(self, digest: bytes) -> Path:
        """The archive of policies that were ever in force, by the digest of their bytes."""
        return self.public / "policies" / f"{digest.hex()}.toml"

    def key_path(self, kind: Literal["root", "issuing"], public: bytes) -> Path:
        return self.folder / "secret" / f"{kind}.{key_id(public)[:16]}.json"

    def roots(self) -> RootChain:
        """The chain from version 1 on."""
        envelopes = [parse_envelope(path.read_bytes()) for path in self._versions("root")]
        if not envelopes:
            raise FileNotFoundError("no root here; `sotto keys init` makes one")
        return walk_roots(envelopes[0].digest, envelopes)

    def trust(self) -> TrustDocument | None:
        """The newest trust document, or none before there is one."""
        paths = self._versions("trust")
        return open_trust(self._envelope(paths[-1]), self.roots().newest.document) if paths else None

    def credentials(self) -> list[Credential]:
        """All that were issued here, by id."""
        root = self.roots().newest.document
        paths = sorted((self.public / "credentials").glob("*.json"))
        return [open_credential(self._envelope(path), root) for path in paths]

    def credential(self, cred_id: str) -> Credential:
        """The one with this id; `UnknownCredential`."""
        found = next((each for each in self.credentials() if each.cred_id == cred_id), None)
        if found is None:
            raise UnknownCredential(cred_id)
        return found

    def issuing_key(self, passphrase: SecretText) -> SecretSigningKey:
        """The issuing key of the newest root that lies in this folder, unsealed."""
        root = self.roots().newest.document
        for public in root.keys_of(root.roles.issuing):
            path = self.key_path("issuing", public)
            if path.is_file():
                return unseal_key(parse_sealed_key(read_secret_file(path)), passphrase=passphrase)
        raise FileNotFoundError("no issuing key of the newest root lies in this folder")

    def _versions(self, kind: str) -> list[Path]:
        paths = self.public.glob(f"{kind}.*.json")
        return sorted(paths, key=lambda path: int(path.name.split(".")[1]))

    def _envelope(self, path: Path) -> Envelope:
        return parse_envelope(path.read_bytes())
