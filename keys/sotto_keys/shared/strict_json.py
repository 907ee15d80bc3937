"""Strict JSON for signed documents: one reading of the bytes, or `Malformed`. Who signed them is asked before, in `dsse`."""

from __future__ import annotations

import json
from typing import Final, Never, TypeVar

import msgspec

from sotto_keys.shared.untrusted import Malformed
from sotto_wire.limits import DOCUMENT_BYTES

MAX_DEPTH: Final = 16
MAX_INTEGER: Final = 2**53 - 1
"""JavaScript reads larger integers as other numbers; both ends must read the same document."""

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]
T = TypeVar("T", bound=msgspec.Struct)


def parse(octets: bytes) -> Json:
    """The document's value. Refuses (`Malformed`): over 256 KiB, invalid UTF-8 or a byte order mark, depth over 16, a key given twice,
    fractions, exponents, `-0`, NaN, integers beyond ±(2^53 - 1), lone surrogates, anything after the value.
    """  # noqa: D205 - the list of refusals is the summary
    if len(octets) > DOCUMENT_BYTES:
        raise Malformed("too large")
    try:
        text = octets.decode("utf-8")
        _check_depth(text)
        value: Json = json.loads(
            text,
            object_pairs_hook=_no_key_twice,
            parse_int=_integer,
            parse_float=_no_number,
            parse_constant=_no_number,
        )
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # a lone surrogate has no UTF-8
    except (ValueError, UnicodeError) as error:
        raise Malformed(type(error).__name__) from None
    return value


def read(octets: bytes, shape: type[T]) -> T:
    """The document as `shape`, with no field missing, unknown or out of range, or `Malformed`."""
    try:
        return msgspec.convert(parse(octets), type=shape, strict=True)
    except msgspec.ValidationError as error:
        raise Malformed(str(error)) from None


def write(document: msgspec.Struct) -> bytes:
    """A document's bytes, ready to be signed. They are never written a second time: what was signed travels as it is.

    `Malformed` where it could not be read back: nobody shall sign what everybody refuses.
    """
    octets = msgspec.json.encode(document)
    read(octets, type(document))
    return octets


def _check_depth(text: str) -> None:
    # Before the parser: a thousand brackets would exhaust its stack (T16).
    depth = 0
    in_string = escaped = False
    for character in text:
        if in_string:
            in_string = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            in_string = True
        elif character in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise Malformed("too deep")
        elif character in "]}":
            depth -= 1


def _no_key_twice(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise Malformed("a key twice")
    return value


def _integer(literal: str) -> int:
    if len(literal) > len(str(-MAX_INTEGER)) or literal == "-0" or abs(int(literal)) > MAX_INTEGER:
        raise Malformed("integer out of range")
    return int(literal)


def _no_number(literal: str) -> Never:
    raise Malformed(f"not an integer: {literal[:16]}")
