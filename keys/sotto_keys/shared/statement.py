"""What the relay's statement keys sign (receipts, requests, events): believed only within each key's own time."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec

from sotto_keys.shared import strict_json
from sotto_keys.shared.dsse import Envelope, open_envelope
from sotto_keys.shared.text_forms import from_base64url
from sotto_keys.shared.untrusted import BadSignature, Lapsed
from sotto_wire.ids import KEY_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from sotto_keys.shared.trust import TrustDocument

S = TypeVar("S", bound=msgspec.Struct)


def open_statement(
    envelope: Envelope, payload_type: str, *, form: type[S], trust: TrustDocument, at: Callable[[S], int]
) -> S:
    """The statement that a key of `trust` signed; `at` reads when from it. `BadSignature`, `Malformed` or `Lapsed` otherwise."""
    keys = {from_base64url(each.public, length=KEY_BYTES): each for each in trust.statement_keys}
    statement = strict_json.read(open_envelope(envelope, payload_type, keys=keys, threshold=1), form)
    in_time = [key for key, entry in keys.items() if entry.nbf <= at(statement) < entry.exp]
    try:
        open_envelope(envelope, payload_type, keys=in_time, threshold=1)
    except BadSignature:
        raise Lapsed("statement key outside its time") from None
    return statement
