"""The one envelope for everything we sign: DSSE v1 (secure-systems-lab/dsse), Ed25519. What the payload says is read elsewhere, after."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from msgspec import Meta
from nacl.exceptions import BadSignatureError, CryptoError
from nacl.signing import VerifyKey

from sotto_keys.shared import strict_json
from sotto_keys.shared.text_forms import digest_of, from_base64
from sotto_keys.shared.untrusted import BadSignature
from sotto_wire.claims import Signed
from sotto_wire.ids import SIGNATURE_BYTES, Digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sotto_keys.shared.secret import Signer

ROOT_TYPE: Final = "application/vnd.sotto.root.v1+json"
TRUST_TYPE: Final = "application/vnd.sotto.trust.v1+json"
CREDENTIAL_TYPE: Final = "application/vnd.sotto.credential.v1+json"
RECEIPT_TYPE: Final = "application/vnd.sotto.receipt.v1+json"
RECEIPT_BUNDLE_TYPE: Final = "application/vnd.sotto.receipt-bundle.v1+json"
INCIDENT_TYPE: Final = "application/vnd.sotto.incident.v1+json"
REQUEST_TYPE: Final = "application/vnd.sotto.request.v1+json"
EVENT_TYPE: Final = "application/vnd.sotto.event.v1+json"
HELLO_TYPE: Final = "application/vnd.sotto.hello.v1+msgpack"
DECISION_TYPE: Final = "application/vnd.sotto.decision.v1+msgpack"
PREDECESSOR_TYPE: Final = "application/vnd.sotto.predecessor.v1+msgpack"
WITHDRAW_TYPE: Final = "application/vnd.sotto.withdraw.v1+msgpack"

MAX_SIGNATURES: Final = 16
"""Twice the keys a role may have: two generations of officers sign one root."""


class _SignatureText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    keyid: Annotated[str, Meta(max_length=128)]
    sig: Annotated[str, Meta(max_length=128)]


class _EnvelopeText(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"payload_type": "payloadType"}):
    payload_type: Annotated[str, Meta(max_length=128)]
    payload: str
    signatures: Annotated[list[_SignatureText], Meta(min_length=1, max_length=MAX_SIGNATURES)]


@dataclass(frozen=True, slots=True)
class Envelope:
    """A JSON envelope, taken apart and not yet believed. `signatures` are pairs of key id (a hint) and signature."""

    payload_type: str
    payload: bytes
    signatures: tuple[tuple[str, bytes], ...]

    @property
    def digest(self) -> Digest:
        """The document's name: SHA-256 of its payload, so that a further signature does not change it."""
        return digest_of(self.payload)

    def to_bytes(self) -> bytes:
        """The JSON form."""
        return msgspec.json.encode(
            _EnvelopeText(
                payload_type=self.payload_type,
                payload=_base64(self.payload),
                signatures=[_SignatureText(keyid=hint, sig=_base64(signature)) for hint, signature in self.signatures],
            )
        )


def pae(payload_type: str, payload: bytes) -> bytes:
    """Pre-authentication encoding: the bytes that are signed."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def key_id(public: bytes) -> str:
    """SHA-256 of a public key, hex."""
    return sha256(public).hexdigest()


def verify(
    payload_type: str, payload: bytes, *, signatures: Sequence[bytes], keys: Iterable[bytes], threshold: int
) -> None:
    """Refuses (`BadSignature`) unless at least `threshold` *distinct* keys signed; one key signing twice counts once (T24)."""
    message = pae(payload_type, payload)
    signed_by = sum(any(_is_signed(message, each, by=key) for each in signatures) for key in set(keys))
    if threshold < 1 or signed_by < threshold:
        raise BadSignature(f"{payload_type}: {signed_by} of {threshold}")


def parse_envelope(octets: bytes) -> Envelope:
    """A JSON envelope taken apart, or `Malformed`. Nothing in it is proven."""
    text = strict_json.read(octets, _EnvelopeText)
    return Envelope(
        payload_type=text.payload_type,
        payload=from_base64(text.payload),
        signatures=tuple((each.keyid, from_base64(each.sig)) for each in text.signatures),
    )


def open_envelope(envelope: Envelope, payload_type: str, *, keys: Iterable[bytes], threshold: int) -> bytes:
    """The payload, once it is proven to be of this type and signed; `BadSignature` otherwise."""
    if envelope.payload_type != payload_type:
        raise BadSignature(f"a {envelope.payload_type[:64]} where {payload_type} belongs")
    signatures = [signature for _, signature in envelope.signatures]
    verify(payload_type, envelope.payload, signatures=signatures, keys=keys, threshold=threshold)
    return envelope.payload


def seal_envelope(payload_type: str, payload: bytes, *, signers: Sequence[Signer]) -> Envelope:
    """An envelope signed by each of `signers`."""
    message = pae(payload_type, payload)
    signatures = tuple((key_id(signer.public), signer.sign(message)) for signer in signers)
    return Envelope(payload_type=payload_type, payload=payload, signatures=signatures)


def sign_compact(payload_type: str, payload: bytes, *, signer: Signer) -> Signed:
    """The compact form: payload and one signature; type and key are known from its place."""
    return Signed(claims=payload, signature=signer.sign(pae(payload_type, payload)))


def verify_compact(payload_type: str, signed: Signed, *, key: bytes) -> bytes:
    """The payload of a compact envelope that `key` signed, or `BadSignature`."""
    verify(payload_type, signed.claims, signatures=[signed.signature], keys=[key], threshold=1)
    return signed.claims


def _is_signed(message: bytes, signature: bytes, *, by: bytes) -> bool:
    if len(signature) != SIGNATURE_BYTES:
        return False
    try:
        VerifyKey(by).verify(message, signature)
    except (BadSignatureError, CryptoError, ValueError):
        return False
    return True


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")
