"""Writes `groups.json`: chains of groups, true and forged, and what a client must answer. Deterministic.

`python tests/vectors/make_group_vectors.py` from the checkout. Pytest and vitest read the file; neither reads the other's code.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from msgspec.structs import replace
from tests.support.mls_room import CONVERSATION, start_terms
from tests.vectors.trust_world import key

from sotto_keys.shared.mls.chain import sign_line
from sotto_keys.shared.text_forms import to_base64url
from sotto_wire.claims import PredecessorClaims
from sotto_wire.codec import encode_claims
from sotto_wire.ids import ConversationId, group_id

if TYPE_CHECKING:
    from sotto_keys.shared.strict_json import Json
    from sotto_wire.claims import GroupTerms, Predecessor

VECTORS: Final = Path(__file__).with_name("groups.json")
ELSEWHERE: Final = ConversationId(b"another talk 000")


def line(
    number: int, before: str, after: str, *, conversation: ConversationId = CONVERSATION, signer: str = ""
) -> Predecessor:
    """The customer `before` of group `number` hands over to `after`."""
    claims = PredecessorClaims(
        group=group_id(conversation, number),
        epoch=number,
        successor=group_id(conversation, number + 1),
        customer_key=key(after).public,
    )
    return replace(sign_line(claims, key(signer or before)), customer_key=key(before).public)


def terms(customer: str, *lines: Predecessor, **changes: object) -> GroupTerms:
    """The terms of the group that these lines lead to."""
    return start_terms(bytes(32), customer_key=key(customer).public, chain=list(lines), **changes)


FIRST: Final = terms("one")
SECOND: Final = terms("two", line(1, "one", "two"))
THIRD: Final = terms("three", line(1, "one", "two"), line(2, "two", "three"))
ONE_TO_TWO, TWO_TO_THREE = THIRD.chain


def _case(name: str, group: GroupTerms, *, number: int, expect: str = "follows") -> Json:
    return {
        "name": name,
        "terms": to_base64url(encode_claims(group)),
        "conversation": to_base64url(CONVERSATION),
        "number": number,
        "expect": expect,
    }


def chains() -> list[Json]:
    """Whether the lines of a group are true."""
    return [
        _case("a first group has no lines", FIRST, number=1),
        _case("a second group has one", SECOND, number=2),
        _case("a third group has two", THIRD, number=3),
        _case("no line", FIRST, number=2, expect="forked"),
        _case("a line too many", SECOND, number=1, expect="forked"),
        _case("a line missing", SECOND, number=3, expect="forked"),
        _case("another order", terms("three", TWO_TO_THREE, ONE_TO_TWO), number=3, expect="forked"),
        _case(
            "spliced from another conversation",
            terms("two", line(1, "one", "two", conversation=ELSEWHERE)),
            number=2,
            expect="forked",
        ),
        _case("a copied line under another key", terms("mallory", ONE_TO_TWO), number=2, expect="bad_signature"),
        _case(
            "an invented predecessor",
            terms("mallory", line(1, "one", "mallory", signer="mallory")),
            number=2,
            expect="bad_signature",
        ),
        _case(
            "another epoch than was signed",
            terms("two", replace(ONE_TO_TWO, epoch=7)),
            number=2,
            expect="bad_signature",
        ),
        _case(
            "handed over to somebody else on the way",
            terms("three", line(1, "one", "mallory"), TWO_TO_THREE),
            number=3,
            expect="bad_signature",
        ),
        _case("the same customer key again", terms("one", line(1, "one", "one")), number=2, expect="inconsistent"),
        _case(
            "a key that comes back",
            terms("one", ONE_TO_TWO, line(2, "two", "one")),
            number=3,
            expect="inconsistent",
        ),
    ]


def _pair(name: str, group: GroupTerms, *, earlier: GroupTerms, expect: str = "follows") -> Json:
    return {
        "name": name,
        "terms": to_base64url(encode_claims(group)),
        "earlier": to_base64url(encode_claims(earlier)),
        "expect": expect,
    }


def successions() -> list[Json]:
    """Whether a group with true lines continues the one that is known."""
    return [
        _pair("the next group", SECOND, earlier=FIRST),
        _pair("the next but one", THIRD, earlier=FIRST),
        _pair("the third after the second", THIRD, earlier=SECOND),
        _pair("the group itself", FIRST, earlier=FIRST, expect="forked"),
        _pair("an earlier group", FIRST, earlier=SECOND, expect="forked"),
        _pair("of another customer", terms("two", line(1, "mallory", "two")), earlier=FIRST, expect="forked"),
        _pair(
            "another way there",
            terms("three", line(1, "mallory", "two"), TWO_TO_THREE),
            earlier=SECOND,
            expect="forked",
        ),
        _pair("of another desk", terms("two", ONE_TO_TWO, desk="returns"), earlier=FIRST, expect="forked"),
        _pair("of another site", terms("two", ONE_TO_TWO, site="elsewhere"), earlier=FIRST, expect="forked"),
    ]


def as_text() -> str:
    """As it is committed."""
    return json.dumps({"chains": chains(), "successions": successions()}, indent=1, ensure_ascii=True) + "\n"


if __name__ == "__main__":
    VECTORS.write_text(as_text(), encoding="utf-8")
