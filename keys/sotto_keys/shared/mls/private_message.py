"""The outside of a PrivateMessage (RFC 9420 §6.3): its fixed header. All that the relay ever reads of a message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from sotto_keys.shared.mls.codec import Reader, opaque, read_whole, uint8, uint16, uint64
from sotto_keys.shared.mls.framing import PRIVATE_MESSAGE, ContentType, read_content_type
from sotto_keys.shared.mls.leaf_node import MLS10
from sotto_keys.shared.untrusted import Malformed


@dataclass(frozen=True, slots=True)
class PrivateMessage:
    """A sealed message: where it belongs, and two ciphertexts."""

    group_id: bytes
    epoch: int
    content_type: ContentType
    authenticated_data: bytes
    sealed_sender: bytes
    ciphertext: bytes

    def header(self) -> bytes:
        """Group, epoch and type: `SenderDataAAD`, and the beginning of everything else."""
        return opaque(self.group_id) + uint64(self.epoch) + uint8(self.content_type)

    def content_aad(self) -> bytes:
        """`PrivateContentAAD`."""
        return self.header() + opaque(self.authenticated_data)

    def encode(self) -> bytes:
        """`PrivateMessage`."""
        return self.content_aad() + opaque(self.sealed_sender) + opaque(self.ciphertext)

    def to_message(self) -> bytes:
        """The MLSMessage that carries it."""
        return uint16(MLS10) + uint16(PRIVATE_MESSAGE) + self.encode()

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """`PrivateMessage`."""
        head = reader.opaque(), reader.uint64(), read_content_type(reader)
        return cls(*head, reader.opaque(), reader.opaque(), reader.opaque())


def read_private_message(reader: Reader) -> PrivateMessage:
    """MLSMessage with a PrivateMessage."""
    if (reader.uint16(), reader.uint16()) != (MLS10, PRIVATE_MESSAGE):
        raise Malformed("not an MLSMessage with a PrivateMessage")
    return PrivateMessage.read(reader)


def parse_private_message(message: bytes) -> PrivateMessage:
    """A PrivateMessage of any content type out of its MLSMessage; refuses with `Malformed`."""
    return read_whole(message, read_private_message)


def parse_application_message(message: bytes) -> PrivateMessage:
    """As `parse_private_message`, but only an application message with empty authenticated data; `Malformed`."""
    parsed = parse_private_message(message)
    if parsed.content_type is not ContentType.APPLICATION or parsed.authenticated_data:
        raise Malformed("not a plain application message")
    return parsed
