"""A device's request for a credential, as a file or a short code (docs/protocol.md 7). A question, not a proof."""

from __future__ import annotations

import base64
import binascii
from hashlib import sha256
from typing import Final

import msgspec

from sotto_keys.shared import strict_json
from sotto_keys.shared.text_forms import Base64Key, Slug, check_name, from_base64url, to_base64url
from sotto_keys.shared.untrusted import Malformed
from sotto_keys.shared.words import device_words
from sotto_wire.claims import Bytes32
from sotto_wire.ids import KEY_BYTES

PREFIX: Final = "SOTTO-"
FORM: Final = 1
CHECK_BYTES: Final = 4
GROUP: Final = 5


class DeviceRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who asks, on which device, with which key."""

    org: Slug
    person: Slug
    device: str
    leaf_key: Base64Key

    def __post_init__(self) -> None:
        check_name(self.device)
        from_base64url(self.leaf_key, length=KEY_BYTES)

    @property
    def words(self) -> list[str]:
        """Six words of the key, for officer and person to compare."""
        return list(device_words(from_base64url(self.leaf_key, length=KEY_BYTES)))


class _Code(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    form: int
    org: str
    person: str
    device: str
    leaf_key: Bytes32


def to_code(request: DeviceRequest) -> str:
    """The short code, in groups of five."""
    key = from_base64url(request.leaf_key, length=KEY_BYTES)
    body = msgspec.msgpack.encode(_Code(FORM, request.org, request.person, request.device, key))
    text = base64.b32encode(body + sha256(body).digest()[:CHECK_BYTES]).decode("ascii").rstrip("=")
    return PREFIX + "-".join(text[start : start + GROUP] for start in range(0, len(text), GROUP))


def parse_request(octets: bytes) -> DeviceRequest:
    """A request from a file's content or a typed code, or `Malformed`."""
    text = octets.strip()
    if text[: len(PREFIX)].upper() == PREFIX.encode():
        return _from_code(text)
    return strict_json.read(octets, DeviceRequest)


def _from_code(text: bytes) -> DeviceRequest:
    letters = "".join(text.decode("ascii", errors="replace")[len(PREFIX) :].replace("-", "").split()).upper()
    try:
        octets = base64.b32decode(letters + "=" * (-len(letters) % 8))
        body, check = octets[:-CHECK_BYTES], octets[-CHECK_BYTES:]
        one_spelling = base64.b32encode(octets).decode("ascii").rstrip("=") == letters
        if not one_spelling or sha256(body).digest()[:CHECK_BYTES] != check:
            raise Malformed("a slip in the code")
        code = msgspec.msgpack.decode(body, type=_Code)
        fields = {
            "org": code.org,
            "person": code.person,
            "device": code.device,
            "leaf_key": to_base64url(code.leaf_key),
        }
        request = msgspec.convert(fields, DeviceRequest)
    except (binascii.Error, ValueError, msgspec.DecodeError):
        raise Malformed("not a request code") from None
    if code.form != FORM:
        raise Malformed("a code of another form")
    return request
