"""Notices of incidents, true and forged: what a client must answer to each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.vectors.trust_world import (
    DAY,
    HOUR,
    NOW,
    World,
    document_bytes,
    incident,
    incident_document,
    root_document,
    sign,
    trust_document,
)

from sotto_keys.shared.dsse import CREDENTIAL_TYPE, INCIDENT_TYPE
from sotto_keys.shared.text_forms import fingerprint, to_base64url

if TYPE_CHECKING:
    from tests.vectors.trust_world import Document

    from sotto_keys.shared.strict_json import Json


def _case(
    name: str,
    expect: str,
    *,
    changes: Document | None = None,
    envelope: bytes | None = None,
    world: World | None = None,
    at: int = NOW,
    opened: tuple[int, int] | None = (NOW, NOW),
) -> Json:
    world = world or World()
    wanted: Json = {"incident": expect.removeprefix("ok ")} if expect.startswith("ok ") else {"refused": expect}
    return {
        "name": name,
        "pinned": fingerprint(world.pinned),
        "bundle": {"roots": [to_base64url(each) for each in world.roots], "trust": to_base64url(world.trust)},
        "notice": to_base64url(envelope or incident(incident_document() | (changes or {}))),
        "at": at,
        "opened": list(opened) if opened else None,
        "expect": wanted,
    }


def incident_cases() -> list[Json]:
    return [*_signed(), *_times(), *_shapes()]


def _signed() -> list[Json]:
    ok, world = "ok stolen-laptop", World()
    rotated = world.with_root(root_document(2, issuing="issuing-b", prev=world.last), "root-a")
    rotated = rotated.with_trust(trust_document(2, root_version=2), "issuing-b")
    return [
        _case("in force", ok),
        _case("without a conversation in mind", ok, opened=None),
        _case("signed by the relay's statement key", "bad_signature", envelope=incident(signers="statement-a")),
        _case("signed by a root key", "bad_signature", envelope=incident(signers="root-a")),
        _case("signed by a stranger", "bad_signature", envelope=incident(signers="stranger")),
        _case("signed by a removed issuing key", "bad_signature", world=rotated),
        _case("signed by its successor", ok, world=rotated, envelope=incident(signers="issuing-b")),
        _case(
            "signed as a credential",
            "bad_signature",
            envelope=sign(CREDENTIAL_TYPE, incident_document(), "issuing-a"),
        ),
        _case("of another organisation", "inconsistent", changes={"org": "teapot"}),
        _case("not an envelope", "malformed", envelope=b"{}"),
        _case("larger than a frame of it", "malformed", envelope=incident() + b" " * 64 * 1024),
    ]


def _times() -> list[Json]:
    ok = "ok stolen-laptop"
    return [
        _case("the last millisecond", ok, at=NOW + 30 * DAY - 1),
        _case("over this millisecond", "lapsed", at=NOW + 30 * DAY),
        _case(
            "over by what was signed, whatever the clock says",
            "lapsed",
            world=World().with_trust(trust_document(issued=NOW + 31 * DAY, expires=NOW + 60 * DAY)),
        ),
        _case("opened when it begins", ok, opened=(NOW - DAY, NOW - DAY)),
        _case("opened before it begins", "inconsistent", opened=(NOW - DAY - 1, NOW - DAY - 1)),
        _case("opened in its last millisecond", ok, opened=(NOW + HOUR - 1, NOW + HOUR - 1)),
        _case("opened when it ends", "inconsistent", opened=(NOW + HOUR, NOW + HOUR)),
        _case("opened perhaps before its end", ok, opened=(NOW + HOUR - 1, NOW + 2 * HOUR)),
        _case("opened perhaps after its begin", ok, opened=(NOW - 2 * DAY, NOW - DAY)),
        _case("a year long", ok, changes={"expires": NOW - HOUR + 366 * DAY}),
        _case("longer than a year", "malformed", changes={"expires": NOW - HOUR + 366 * DAY + 1}),
        _case("over before it was signed", "malformed", changes={"expires": NOW - HOUR}),
        _case("a span that ends where it begins", "malformed", changes={"affects_to": NOW - DAY}),
    ]


def _shapes() -> list[Json]:
    base = incident_document()
    parts: Json = base["texts"]
    assert isinstance(parts, dict)
    english = parts["en"]
    assert isinstance(english, dict)

    def with_part(text: Json) -> Document:
        return {"texts": {"en": english | {"consequences": text}}}

    many: Json = {f"{first}{second}": english for first in "abcde" for second in "abcde"}
    return [
        _case("two languages", "ok stolen-laptop", changes={"texts": {"en": english, "de-AT": english}}),
        _case(
            "joiners, which Persian needs",
            "ok stolen-laptop",
            changes=with_part("\u0645\u06cc\u200c\u0634\u0648\u062f"),
        ),
        _case("a part of 2,000 characters", "ok stolen-laptop", changes=with_part("\U0001f375" * 2000)),
        _case("a part of 2,001 characters", "malformed", changes=with_part("a" * 2001)),
        _case("an empty part", "malformed", changes=with_part("")),
        _case("a part that begins with a space", "malformed", changes=with_part(" a")),
        _case("a part that turns what is beside it", "malformed", changes=with_part("a\u202eb")),
        _case("a part with a carriage return", "malformed", changes=with_part("a\rb")),
        _case("a part that is missing", "malformed", changes={"texts": {"en": {"what_happened": "a"}}}),
        _case("a part that is not known", "malformed", changes={"texts": {"en": english | {"fault": "yours"}}}),
        _case("no language", "malformed", changes={"texts": {}}),
        _case("25 languages", "malformed", changes={"texts": many}),
        _case("a language in capitals", "malformed", changes={"texts": {"EN": english}}),
        _case("a contact of two lines", "malformed", changes={"contact": "a\nb"}),
        _case("a contact of 201 characters", "malformed", changes={"contact": "a" * 201}),
        _case("a name with a space", "malformed", changes={"incident": "stolen laptop"}),
        _case("a field that is not known", "malformed", changes={"severity": 3}),
        _case(
            "a key twice",
            "malformed",
            envelope=sign(INCIDENT_TYPE, document_bytes(base)[:-1] + b',"org":"kettle"}', "issuing-a"),
        ),
    ]
