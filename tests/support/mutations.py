"""Seeded mischief with bytes, JSON values and JSON texts. The same dice give the same case again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from sotto_keys.shared.strict_json import Json

INTERESTING: Final = (
    0x00,
    0x01,
    0x0A,
    0x20,
    0x22,
    0x2D,
    0x30,
    0x3F,
    0x40,
    0x5C,
    0x7B,
    0x7F,
    0x80,
    0xBF,
    0xC0,
    0xC4,
    0xDC,
    0xFE,
    0xFF,
)

NUMBERS: Final = (
    0,
    1,
    -1,
    2,
    127,
    128,
    255,
    256,
    65_535,
    2**31 - 1,
    2**31,
    2**32,
    2**53 - 1,
    2**53,
    -(2**53),
    2**63,
    2**64,
)

TEXTS: Final = (
    "",
    " ",
    "a ",
    "x" * 64,
    "x" * 65,
    "x" * 80,
    "x" * 81,
    "x" * 10_000,
    "\u202egnp.exe",
    "Ana\u200b",
    "\u200d",
    "\ufeff",
    "\u2028",
    "\u00a0Ana",
    "\u3000",
    "Ana\n",
    "Ana\x00",
    "\x85",
    "\ue000",
    "\U000e0041",
    "\U00013430",  # a format character that Unicode knows since version 12
    "\U00013440",  # and one since version 15
    "\U0001f980" * 80,
    "\u0410na",  # a Cyrillic A
    "e\u0301" * 40,
    "__proto__",
    "constructor",
    "toString",
    "null",
    "<img src=x onerror=alert(1)>",
    "agent\n",
    "Agent",
    "orders",
    "human",
    "bot",
)


def mutated(octets: bytes, dice: Random) -> bytes:
    """One to three small changes."""
    changed = bytearray(octets)
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        dice.choice(_BYTE_CHANGES)(changed, dice)
    return bytes(changed)


def _place(octets: bytearray, dice: Random) -> int:
    return dice.randrange(len(octets)) if octets else 0


def _flip(octets: bytearray, dice: Random) -> None:
    if octets:
        octets[_place(octets, dice)] ^= 1 << dice.randrange(8)


def _set(octets: bytearray, dice: Random) -> None:
    if octets:
        octets[_place(octets, dice)] = dice.choice(INTERESTING)


def _insert(octets: bytearray, dice: Random) -> None:
    octets[(at := _place(octets, dice)) : at] = bytes(dice.choices(INTERESTING, k=dice.choice((1, 1, 2, 8))))


def _delete(octets: bytearray, dice: Random) -> None:
    at = _place(octets, dice)
    del octets[at : at + dice.choice((1, 1, 2, 4, 32))]


def _repeat(octets: bytearray, dice: Random) -> None:
    at = _place(octets, dice)
    octets[at:at] = octets[at : at + dice.choice((1, 2, 8, 40))]


def _cut(octets: bytearray, dice: Random) -> None:
    del octets[_place(octets, dice) :]


def _append(octets: bytearray, dice: Random) -> None:
    octets += bytes(dice.choices(INTERESTING, k=dice.choice((1, 2, 4))))


_BYTE_CHANGES: Final[tuple[Callable[[bytearray, Random], None], ...]] = (
    _flip,
    _flip,
    _set,
    _set,
    _insert,
    _delete,
    _repeat,
    _cut,
    _append,
)


def any_value(dice: Random) -> Json:
    """A value of a kind that may not belong where it is put."""
    values: list[Json] = [
        None,
        True,
        False,
        dice.choice(NUMBERS),
        dice.choice(NUMBERS),
        dice.choice(TEXTS),
        dice.choice(TEXTS),
        [],
        {},
        [dice.choice(TEXTS)],
        {"a": dice.choice(NUMBERS)},
        [[[]]],
    ]
    return dice.choice(values)


def changed_value(value: Json, dice: Random) -> Json:
    """The same document with one to two places changed, somewhere in it."""
    for _ in range(dice.choice((1, 1, 2))):
        value = _changed_once(value, dice)
    return value


def _changed_once(value: Json, dice: Random) -> Json:
    if isinstance(value, dict) and value and dice.random() < 0.92:
        return _changed_object(value, dice)
    if isinstance(value, list) and value and dice.random() < 0.85:
        return _changed_list(value, dice)
    if isinstance(value, int) and not isinstance(value, bool) and dice.random() < 0.6:
        return value + dice.choice((-1, 1, -1000, 1000, -86_400_000, 86_400_000))
    if isinstance(value, str) and value and dice.random() < 0.6:
        return _changed_text(value, dice)
    return any_value(dice)


def _changed_object(value: dict[str, Json], dice: Random) -> Json:
    key = dice.choice(list(value))
    what = dice.random()
    if what < 0.08:
        return {each: value[each] for each in value if each != key}
    if what < 0.14:
        return value | {dice.choice((*TEXTS, key.upper(), key + "x")): any_value(dice)}
    if what < 0.2:
        return {each: value[each] for each in sorted(value, key=lambda _: dice.random())}
    return value | {key: _changed_once(value[key], dice)}


def _changed_list(value: list[Json], dice: Random) -> Json:
    at = dice.randrange(len(value))
    what = dice.random()
    if what < 0.1:
        return value[:at] + value[at + 1 :]
    if what < 0.2:
        return [*value, value[at]]
    if what < 0.25:
        return value * dice.choice((2, 9, 33))
    return [*value[:at], _changed_once(value[at], dice), *value[at + 1 :]]


def _changed_text(value: str, dice: Random) -> Json:
    at = dice.randrange(len(value))
    piece = dice.choice(("", value[at], value[at].swapcase(), "=", "-", "_", " ", "\n", "A", "0", dice.choice(TEXTS)))
    return value[:at] + piece + value[at + dice.choice((0, 1)) :]


def as_text(value: Json, dice: Random) -> bytes:
    """The value as JSON, in one of its many spellings or in one that only looks like it."""
    text = json.dumps(value, separators=dice.choice(((",", ":"), (", ", ": "))), ensure_ascii=dice.random() < 0.3)
    if dice.random() < 0.25:
        old, new = dice.choice(_SPELLINGS)
        text = text.replace(old, new, 1)
    return text.encode("utf-8", "surrogatepass")


_SPELLINGS: Final = (
    ("{", '{"org":"kettle",'),
    ("{", '{ "a":1,"\\u0061":2,'),
    (":1", ":1.0"),
    (":1", ":1e0"),
    (":1", ":01"),
    (":1", ":-1"),
    (":0", ":-0"),
    (",", ",,"),
    ("}", ",}"),
    ("e", "\\u0065"),
    ("k", "\\u006B"),
    ("{", "\ufeff{"),
    ("}", "}\n"),
    ("[", "[" * 17),
    ('"', "'"),
    ("a", "\ud800"),
    (":", ":\t"),
    ("{", "{/**/"),
    (":1", ":NaN"),
    ("/", "\\/"),
)
