"""Every parser that bytes of others reach: it reads or refuses in our own words, and what it read is written the same."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.support.mls_room import CUSTOMER, decide
from tests.support.verdict_commits import rooms
from tests.vectors.contract import FROM_CLIENT, FROM_RELAY, example
from tests.vectors.trust_world import World, credential, document_bytes, trust_document

from sotto_keys.device.mls.application_messages import encrypt
from sotto_keys.shared import strict_json
from sotto_keys.shared.dsse import parse_envelope
from sotto_keys.shared.mls.codec import read_whole
from sotto_keys.shared.mls.group_context import parse_group_info
from sotto_keys.shared.mls.key_package import parse_key_package
from sotto_keys.shared.mls.parsed_commit import parse_commit, read_public_message
from sotto_keys.shared.mls.private_message import parse_application_message
from sotto_keys.shared.mls.welcome import parse_welcome
from sotto_keys.shared.trust_bundle import parse_bundle
from sotto_keys.shared.untrusted import Untrusted
from sotto_wire.claims import DecisionClaims, GroupTerms, Signed
from sotto_wire.codec import decode_claims, decode_from_client, decode_from_relay, encode, encode_claims
from sotto_wire.refusals import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Again = bytes | None
"""What was read, written once more; none where many spellings are one value."""


@dataclass(frozen=True, slots=True)
class Door:
    """A parser, and true things that come in by it."""

    read: Callable[[bytes], Again]
    seeds: Sequence[bytes]

    def takes(self, octets: bytes) -> bool:
        """Whether it was read. Any exception that is not ours is let through, and so is a value that is written otherwise."""
        try:
            again = self.read(octets)
        except (Refused, Untrusted):
            return False
        assert again in (None, octets), "read, and written otherwise"
        return True


def _frame_from_client(octets: bytes) -> None:
    frame = decode_from_client(octets)
    assert decode_from_client(encode(frame)) == frame


def _frame_from_relay(octets: bytes) -> None:
    frame = decode_from_relay(octets)
    assert decode_from_relay(encode(frame)) == frame


def _commit(octets: bytes) -> bytes:
    parse_commit(octets)
    return read_whole(octets, read_public_message).to_message()


def _unwritten(read: Callable[[bytes], object]) -> Callable[[bytes], None]:
    def only_read(octets: bytes) -> None:
        read(octets)

    return only_read


@functools.cache
def doors() -> dict[str, Door]:
    room = rooms()[1]
    pending = room.commit(CUSTOMER, add=[room.offer("dora")])
    assert pending.welcome is not None
    _, message = encrypt(room.members[CUSTOMER], b"hello", entropy=room.entropy)
    decision, trust = decide(), World().trust
    packages = [each.public.to_message() for each in room.packages.values()]
    info = room.members[CUSTOMER].group_info().to_message()
    return {
        "frame from a client": Door(_frame_from_client, [encode_claims(example(each)) for each in FROM_CLIENT]),
        "frame from the relay": Door(_frame_from_relay, [encode_claims(example(each)) for each in FROM_RELAY]),
        "signed claims": Door(lambda octets: encode_claims(decode_claims(octets, Signed)), [encode_claims(decision)]),
        "decision": Door(lambda octets: encode_claims(decode_claims(octets, DecisionClaims)), [decision.claims]),
        "terms": Door(lambda octets: encode_claims(decode_claims(octets, GroupTerms)), [room.group.terms or b""]),
        "commit": Door(_commit, [pending.message, room.last_commit]),
        "key package": Door(lambda octets: parse_key_package(octets).to_message(), packages),
        "welcome": Door(lambda octets: parse_welcome(octets).to_message(), [pending.welcome]),
        "group info": Door(lambda octets: parse_group_info(octets).to_message(), [info]),
        "message": Door(lambda octets: parse_application_message(octets).to_message(), [message]),
        "envelope": Door(_unwritten(parse_envelope), [trust, credential()]),
        "bundle": Door(_unwritten(parse_bundle), [World().bundle().to_bytes()]),
        "strict JSON": Door(_unwritten(strict_json.parse), [document_bytes(trust_document())]),
    }


DOOR_NAMES: Final = (
    "frame from a client",
    "frame from the relay",
    "signed claims",
    "decision",
    "terms",
    "commit",
    "key package",
    "welcome",
    "group info",
    "message",
    "envelope",
    "bundle",
    "strict JSON",
)
