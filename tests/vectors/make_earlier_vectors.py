"""Writes `earlier.json`: earlier messages as a customer shares them with a newcomer, whole and spoilt. Deterministic.

`python tests/vectors/make_earlier_vectors.py` from the checkout. Pytest and vitest read the file; neither reads the other's code.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from msgspec.structs import replace
from tests.support.mls_room import CONVERSATION, entropy_from

from sotto_keys.device.earlier import Place
from sotto_keys.device.mls.aead import KEY_BYTES, NONCE_BYTES, MessageKey
from sotto_keys.device.mls.hpke import new_key_pair, seal
from sotto_keys.device.mls.secret_bytes import SecretBytes
from sotto_keys.device.payload import Earlier, Line, Shared
from sotto_wire.codec import encode_claims
from sotto_wire.ids import group_id

if TYPE_CHECKING:
    from sotto_keys.shared.strict_json import Json

VECTORS: Final = Path(__file__).with_name("earlier.json")
PLACE: Final = Place(group_id(CONVERSATION, 1), epoch=7, leaf=2)
OWN: Final = new_key_pair(entropy_from("the newcomer's leaf"))
LINES: Final = [
    Line(whose="customer", name="", text="My lid is cracked", at=1_800_000_000_000),
    Line(whose="person", name="Ana", text="Grüße! Which one? 🫖", at=1_800_000_060_000),
    Line(whose="assistant", name="Steam", text="The blue one", at=1_800_000_120_000),
]
EARLIER: Final = Earlier(left_out=2, lines=LINES)


def sealed(content: bytes, *, place: Place = PLACE) -> Shared:
    """As `seal_earlier` seals, whatever it is."""
    entropy = entropy_from(f"{place.info.hex()} {content.hex()}")
    key = SecretBytes(entropy(KEY_BYTES))
    to_leaf = seal(OWN.public, key, info=place.info, entropy=entropy)
    blob = MessageKey(key, SecretBytes(NONCE_BYTES)).seal(content, aad=place.info)
    return Shared(device=bytes(32), kem_output=to_leaf.kem_output, sealed_key=to_leaf.ciphertext, blob=blob)


def _flipped(octets: bytes) -> bytes:
    return octets[:-1] + bytes([octets[-1] ^ 1])


def _case(name: str, shared: Shared, expect: str = "unreadable") -> Json:
    return {"name": name, "shared": encode_claims(shared).hex(), "expect": expect}


def vectors() -> Json:
    """Everything in the file."""
    whole, other = sealed(encode_claims(EARLIER)), sealed(b"other")
    return {
        "about": "Made by make_earlier_vectors.py. `shared` is the body of a payload, in MessagePack; bytes are hex.",
        "place": {"group_id": PLACE.group_id.hex(), "epoch": PLACE.epoch, "leaf": PLACE.leaf, "info": PLACE.info.hex()},
        "private": OWN.private.hex(),
        "earlier": {
            "left_out": EARLIER.left_out,
            "lines": [{"whose": each.whose, "name": each.name, "text": each.text, "at": each.at} for each in LINES],
        },
        "cases": [
            _case("whole", whole, "opens"),
            _case("of another epoch", sealed(encode_claims(EARLIER), place=Place(PLACE.group_id, 8, 2))),
            _case("for another leaf", sealed(encode_claims(EARLIER), place=Place(PLACE.group_id, 7, 3))),
            _case("of another group", sealed(encode_claims(EARLIER), place=Place(group_id(CONVERSATION, 2), 7, 2))),
            _case("another key output", replace(whole, kem_output=_flipped(whole.kem_output))),
            _case("a key output that gives everybody the same secret", replace(whole, kem_output=bytes(32))),
            _case("a sealed key that was changed", replace(whole, sealed_key=_flipped(whole.sealed_key))),
            _case("a blob that was changed", replace(whole, blob=_flipped(whole.blob))),
            _case("the key of another blob", replace(other, blob=whole.blob)),
            _case("no MessagePack", sealed(b"\xc1"), "malformed"),
            _case("nothing shared", sealed(encode_claims(replace(EARLIER, lines=[]))), "malformed"),
            _case("bytes after it", sealed(encode_claims(EARLIER) + b"\xc0"), "malformed"),
        ],
    }


def as_text() -> str:
    return json.dumps(vectors(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    VECTORS.write_text(as_text(), encoding="utf-8")
