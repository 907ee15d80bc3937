"""From the bytes of a policy file to its parts, or every place where they do not fit the shape. What it says is judged elsewhere."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Final, get_args, get_origin, get_type_hints

import msgspec

from sotto_keys.shared.policy.shape import Policy
from sotto_keys.shared.untrusted import Malformed
from sotto_wire.limits import DOCUMENT_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sotto_keys.shared.policy.shape import Category, Desk, Notice, Purpose, Recipient, Retention

_WHOLE: Final = "$"


class NoPolicy(Malformed):
    """The bytes are no policy file; `places` holds each place with what is wrong there, so that one run shows them all."""

    def __init__(self, places: tuple[tuple[str, str], ...]) -> None:
        super().__init__("; ".join(f"{path}: {why}" for path, why in places))
        self.places = places


def read_policy(octets: bytes) -> Policy:
    """The policy in `octets` (TOML, UTF-8), or `NoPolicy`."""
    table = _toml(octets)
    try:
        return msgspec.convert(table, Policy)
    except (msgspec.ValidationError, RecursionError) as error:
        raise NoPolicy(tuple(_places(table)) or ((_WHOLE, str(error)),)) from None


def purpose_of(policy: Policy, purpose: str) -> Purpose | None:
    return next((each for each in policy.purposes if each.id == purpose), None)


def notice_of(policy: Policy, notice: str) -> Notice | None:
    return next((each for each in policy.notices if each.id == notice), None)


def desk_of(policy: Policy, desk: str) -> Desk | None:
    return next((each for each in policy.desks if each.id == desk), None)


def categories_of(policy: Policy, purpose: Purpose) -> tuple[Category, ...]:
    """In the order of the file; ids that name nothing are left out, the check reports them."""
    return tuple(each for each in policy.categories if each.id in purpose.categories)


def recipients_of(policy: Policy, purpose: Purpose) -> tuple[Recipient, ...]:
    """As `categories_of`."""
    return tuple(each for each in policy.recipients if each.id in purpose.recipients)


def retention_of(policy: Policy, purpose: Purpose) -> Retention | None:
    return policy.retention.get(purpose.retention)


def _toml(octets: bytes) -> dict[str, object]:
    if len(octets) > DOCUMENT_BYTES:
        raise NoPolicy(((_WHOLE, f"larger than {DOCUMENT_BYTES} bytes"),))
    try:
        return tomllib.loads(octets.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise NoPolicy(((_WHOLE, str(error)),)) from None


def _places(table: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    hints = get_type_hints(Policy, include_extras=True)
    yield from ((name, "unknown key") for name in table if name not in hints)
    for field in msgspec.structs.fields(Policy):
        if field.name in table:
            yield from _of_key(field.name, table[field.name], hints[field.name])
        elif field.required:
            yield field.name, "missing"


def _of_key(name: str, value: object, kind: object) -> Iterator[tuple[str, str]]:
    """Tables of an array one by one: the first error must not hide those of its neighbours."""
    items = get_args(get_args(kind)[0]) if get_origin(get_args(kind)[0] if get_args(kind) else None) is list else ()
    if items and isinstance(value, list) and value:
        for index, each in enumerate(value):
            yield from _converted(f"{name}[{index}]", each, items[0])
        return
    yield from _converted(name, value, kind)


def _converted(path: str, value: object, kind: object) -> Iterator[tuple[str, str]]:
    try:
        msgspec.convert(value, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        why, _, place = str(error).partition(" - at `$")
        yield path + place.rstrip("`"), why
