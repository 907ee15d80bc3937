from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.sdk_talk import believing
from tests.vectors.trust_world import DAY, NOW, POLICY, World, trust_document

from sotto_client.notice import policy_in_force, read_notice
from sotto_keys.shared.text_forms import digest_of
from sotto_keys.shared.untrusted import Inconsistent, Malformed
from sotto_wire.ids import Millis
from sotto_wire.refusals import ConsentMissing

if TYPE_CHECKING:
    from sotto_keys.shared.strict_json import Json

EXAMPLE = (Path(__file__).resolve().parents[3] / "demo" / "policy.example.toml").read_bytes()


def test_the_notice_names_who_asks_and_what_for() -> None:
    notice = read_notice(EXAMPLE, digest=digest_of(EXAMPLE), desk="support")
    assert notice.paragraphs[0] == "You'll be talking to Kettle & Cup Ltd."
    assert notice.notice_digest == digest_of("\n\n".join(notice.paragraphs).encode())
    assert (notice.controller, notice.desk, notice.purpose) == ("Kettle & Cup Ltd", "Support", "support")


def test_the_first_language_that_the_policy_has_is_spoken() -> None:
    def spoken(*languages: str) -> str:
        return read_notice(EXAMPLE, digest=digest_of(EXAMPLE), desk="support", languages=languages).language

    assert (spoken("fr", "de", "en"), spoken("fr"), spoken()) == ("de", "en", "en")


def test_other_bytes_than_those_named_are_refused() -> None:
    with pytest.raises(Inconsistent):
        read_notice(EXAMPLE + b"\n", digest=digest_of(EXAMPLE), desk="support")


@pytest.mark.parametrize(
    "policy",
    [
        b"\xff",
        b"not toml",
        b'schema = "sotto-privacy/1"',
        EXAMPLE.replace(b"sotto-privacy/1", b"sotto-privacy/2"),
        EXAMPLE.replace(b'id = "start"', b'id = "end"'),
        EXAMPLE.replace(b"required_for_chat = true", b"required_for_chat = false"),
        EXAMPLE.replace(b'label = { en = "Support", de', b"label = { de"),
    ],
)
def test_a_policy_that_lacks_what_a_notice_needs_is_malformed(policy: bytes) -> None:
    with pytest.raises(Malformed):
        read_notice(policy, digest=digest_of(policy), desk="support")


def test_a_desk_that_the_policy_does_not_name_has_no_notice() -> None:
    with pytest.raises(Malformed):
        read_notice(EXAMPLE, digest=digest_of(EXAMPLE), desk="billing")


def test_the_newest_policy_in_force_is_shown() -> None:
    later: Json = {"digest": "ab" * 32, "nbf": NOW - 1, "exp": NOW + DAY}
    coming: Json = {"digest": "cd" * 32, "nbf": NOW + 1, "exp": NOW + DAY}
    first: Json = {"digest": POLICY.hex(), "nbf": NOW - DAY, "exp": NOW + DAY}
    world = World().with_trust(trust_document(1, policies=[first, later, coming]))
    assert policy_in_force(believing(world).state, now=Millis(NOW)).hex() == "ab" * 32


def test_without_a_policy_in_force_nobody_is_asked() -> None:
    world = World().with_trust(trust_document(1, policies=[]))
    with pytest.raises(ConsentMissing):
        policy_in_force(believing(world).state, now=Millis(NOW))
