"""Credentials, decisions, receipts and bare JSON: what a client must answer to each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from tests.vectors.trust_world import (
    DAY,
    HOUR,
    NOW,
    ORG,
    POLICY,
    World,
    credential,
    credential_document,
    document_bytes,
    key,
    root_document,
    sign,
    trust_document,
)

from sotto_keys.shared.decision import sign_decision, verify_decision
from sotto_keys.shared.dsse import DECISION_TYPE, HELLO_TYPE, RECEIPT_TYPE, TRUST_TYPE, sign_compact
from sotto_keys.shared.text_forms import fingerprint, to_base64url
from sotto_wire.claims import DecisionClaims, DeviceAdmission, GroupTerms, Signed, TeamAdmission
from sotto_wire.codec import encode_claims
from sotto_wire.moments import AI_ASSISTANT, QUALITY_REVIEW

if TYPE_CHECKING:
    from tests.vectors.trust_world import Document

    from sotto_keys.shared.strict_json import Json

MINUTE = 60 * 1000
CONVERSATION = bytes(range(16))
CUSTOMER = key("customer")


def _credential_case(
    name: str,
    expect: str,
    *,
    changes: Document | None = None,
    envelope: bytes | None = None,
    world: World | None = None,
    at: int = NOW,
    **asked: str,
) -> Json:
    world = world or World()
    wanted: Json = {"cred_id": expect.removeprefix("ok ")} if expect.startswith("ok ") else {"refused": expect}
    return {
        "name": name,
        "pinned": fingerprint(world.pinned),
        "bundle": {"roots": [to_base64url(each) for each in world.roots], "trust": to_base64url(world.trust)},
        "credential": to_base64url(envelope or credential(credential_document() | (changes or {}))),
        "at": at,
        "leaf_key": asked.get("leaf_key"),
        "desk": asked.get("desk"),
        "role": asked.get("role"),
        "kind": asked.get("kind"),
        "expect": wanted,
    }


def _revoking(**changes: Json) -> World:
    return World().with_trust(trust_document(2, **changes))


def credential_cases() -> list[Json]:
    leaf = to_base64url(key("device-ana").public)
    other = to_base64url(key("device-ben").public)
    entry: Document = {"cred_id": "ana-1", "at": NOW - HOUR, "reason": "lost laptop"}
    world = World()
    rotated = world.with_root(root_document(2, issuing="issuing-b", prev=world.last), "root-a")
    rotated = rotated.with_trust(trust_document(2, root_version=2), "issuing-b")
    return [
        _credential_case("in force", "ok ana-1"),
        _credential_case(
            "with all that is asked", "ok ana-1", leaf_key=leaf, desk="orders", role="agent", kind="human"
        ),
        _credential_case("of another leaf key", "unknown_credential", leaf_key=other),
        _credential_case("of another desk", "unknown_credential", desk="returns"),
        _credential_case("without the role", "unknown_credential", role="supervisor"),
        _credential_case("of another kind", "unknown_credential", kind="bot"),
        _credential_case("not yet valid", "lapsed", changes={"nbf": NOW + 1}),
        _credential_case("valid from this millisecond", "ok ana-1", changes={"nbf": NOW}),
        _credential_case("run out this millisecond", "lapsed", changes={"exp": NOW}),
        _credential_case("the last millisecond", "ok ana-1", changes={"exp": NOW + 1}),
        _credential_case("revoked", "unknown_credential", world=_revoking(revoked=[entry])),
        _credential_case(
            "revoked this millisecond", "unknown_credential", world=_revoking(revoked=[entry | {"at": NOW}])
        ),
        _credential_case(
            "judged before its revocation", "ok ana-1", world=_revoking(revoked=[entry | {"at": NOW + 1}])
        ),
        _credential_case("another one revoked", "ok ana-1", world=_revoking(revoked=[entry | {"cred_id": "ana-2"}])),
        _credential_case(
            "issued before its person's cut-off", "unknown_credential", world=_revoking(revoke_before={"ana": NOW})
        ),
        _credential_case("judged before the cut-off", "ok ana-1", world=_revoking(revoke_before={"ana": NOW + 1})),
        _credential_case("issued at the cut-off", "ok ana-1", world=_revoking(revoke_before={"ana": NOW - DAY})),
        _credential_case("another person's cut-off", "ok ana-1", world=_revoking(revoke_before={"ben": NOW})),
        _credential_case("signed by a removed issuing key", "bad_signature", world=rotated),
        _credential_case(
            "signed by the issuing key that replaced it",
            "ok ana-1",
            world=rotated,
            envelope=credential(signers="issuing-b"),
        ),
        _credential_case("signed by a root key", "bad_signature", envelope=credential(signers="root-a")),
        _credential_case("signed by a stranger", "bad_signature", envelope=credential(signers="stranger")),
        _credential_case(
            "signed as a trust document", "bad_signature", envelope=sign(TRUST_TYPE, credential_document(), "issuing-a")
        ),
        _credential_case("of another organisation", "inconsistent", changes={"org": "teapot"}),
        _credential_case("a field that is not known", "malformed", changes={"admin": True}),
        _credential_case("a kind that does not exist", "malformed", changes={"kind": "ghost"}),
        _credential_case("a leaf key that is too short", "malformed", changes={"leaf_key": leaf[:42]}),
        _credential_case("a leaf key in another spelling", "malformed", changes={"leaf_key": _other_spelling(leaf)}),
        _credential_case(
            "a name that turns the direction of writing", "malformed", changes={"name": "Ana \u202e troppuS"}
        ),
        _credential_case("a name of zero width", "malformed", changes={"name": "\u200b"}),
        _credential_case("a name of 81 characters", "malformed", changes={"name": "x" * 81}),
        _credential_case(
            "a name of 80 characters outside the basic plane", "ok ana-1", changes={"name": "\U0001f980" * 80}
        ),
        _credential_case("a name in Arabic", "ok ana-1", changes={"name": "آنا"}),
        _credential_case("ends before it begins", "malformed", changes={"nbf": NOW + 2, "exp": NOW + 1}),
        _credential_case("a desk with a space", "malformed", changes={"desks": ["or ders"]}),
    ]


def _other_spelling(text: str) -> str:
    """The same 32 bytes with other, unused bits in the last character."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return text[:-1] + alphabet[alphabet.index(text[-1]) | 1]


def start_claims() -> DecisionClaims:
    """A customer's start decision."""
    return DecisionClaims(
        conversation=CONVERSATION,
        customer_key=CUSTOMER.public,
        answer="given",
        admits=TeamAdmission(desk="orders"),
        purpose="support",
        history="new_messages",
        policy_digest=POLICY,
        notice_digest=bytes(32),
        decided_at=NOW - MINUTE,
        expires_at=NOW + DAY,
        nonce=bytes(16),
        request=None,
    )


def terms() -> GroupTerms:
    """The terms of that customer's group."""
    return GroupTerms(
        version=1,
        root=World().pinned,
        site="shop",
        desk="orders",
        customer_key=CUSTOMER.public,
        recovery_key=None,
        policy_digest=POLICY,
        chain=[],
        standing=[verify_decision(sign_decision(start_claims(), CUSTOMER), CUSTOMER.public).digest],
    )


def _decision_case(
    name: str,
    *,
    expect: bool | str,
    claims: DecisionClaims | None = None,
    signed: Signed | None = None,
    document: Document | None = None,
    at: int = NOW,
    conversation: bytes = CONVERSATION,
) -> Json:
    signed = signed or sign_decision(claims or start_claims(), CUSTOMER)
    return {
        "name": name,
        "signed": to_base64url(encode_claims(signed)),
        "customer_key": to_base64url(CUSTOMER.public),
        "conversation": to_base64url(conversation),
        "terms": to_base64url(encode_claims(terms())),
        "credential": document_bytes(credential_document() | (document or {})).decode(),
        "at": at,
        "expect": {"refused": expect}
        if isinstance(expect, str)
        else {"covers": expect, "digest": verify_decision(signed, CUSTOMER.public).digest.hex()},
    }


def decision_cases() -> list[Json]:
    start, leaf = start_claims(), key("device-ana").public
    change = msgspec.structs.replace
    device = change(start, admits=DeviceAdmission(credential="ana-1", leaf_key=leaf))
    assistant, review = change(device, purpose=AI_ASSISTANT), change(device, purpose=QUALITY_REVIEW)
    of_another = change(start, customer_key=key("stranger").public)
    claims = encode_claims(start)
    stranger = sign_compact(DECISION_TYPE, claims, signer=key("stranger"))
    return [
        _decision_case("the start decision lets in an agent of the desk", expect=True),
        _decision_case("not an agent of another desk", expect=False, document={"desks": ["returns"]}),
        _decision_case("not a bot of the desk", expect=False, document={"kind": "bot"}),
        _decision_case("not a supervisor of the desk", expect=False, document={"roles": ["supervisor"]}),
        _decision_case("not for another desk than the group's", expect=False, claims=change(start, admits=TeamAdmission(desk="returns")),
                       document={"desks": ["orders", "returns"]}),
        _decision_case("not in another conversation", expect=False, conversation=bytes(16)),
        _decision_case("not under another policy", expect=False, claims=change(start, policy_digest=bytes(32))),
        _decision_case("not when it was deferred", expect=False, claims=change(start, answer="deferred")),
        _decision_case("not when it was refused", expect=False, claims=change(start, answer="refused")),
        _decision_case("not from its end on", expect=False, at=NOW + DAY),
        _decision_case("until just before its end", expect=True, at=NOW + DAY - 1),
        _decision_case("five minutes before it was decided, by the other clock", expect=True, at=NOW - 6 * MINUTE),
        _decision_case("not earlier than that", expect=False, at=NOW - 6 * MINUTE - 1),
        _decision_case("one device", expect=True, claims=device),
        _decision_case("one device of any desk", expect=True, claims=device, document={"desks": []}),
        _decision_case("a supervisor's device, to help", expect=True, claims=device, document={"roles": ["supervisor"]}),
        _decision_case("not a device of no such role", expect=False, claims=device, document={"roles": ["auditor"]}),
        _decision_case("not an assistant's device to help", expect=False, claims=device, document={"kind": "bot", "roles": ["agent"]}),
        _decision_case("an assistant's device as an assistant", expect=True, claims=assistant, document={"kind": "bot", "roles": []}),
        _decision_case("not a person's device as an assistant", expect=False, claims=assistant),
        _decision_case("a supervisor's device to review", expect=True, claims=review, document={"roles": ["supervisor"]}),
        _decision_case("not an agent's device to review", expect=False, claims=review),
        _decision_case("not an assistant's device to review", expect=False, claims=review,
                       document={"kind": "bot", "roles": ["supervisor"]}),
        _decision_case("not the same device under another credential", expect=False, claims=device, document={"cred_id": "ana-2"}),
        _decision_case("not another device", expect=False, claims=device,
                       document={"leaf_key": to_base64url(key("device-ben").public)}),
        _decision_case("signed by a stranger", expect="bad_signature", signed=stranger),
        _decision_case("signed as a hello", expect="bad_signature", signed=sign_compact(HELLO_TYPE, claims, signer=CUSTOMER)),
        _decision_case("a changed byte", expect="bad_signature",
                       signed=Signed(claims=claims[:-1] + b"\x01", signature=sign_decision(start, CUSTOMER).signature)),
        _decision_case("names another customer key", expect="inconsistent",
                       signed=sign_compact(DECISION_TYPE, encode_claims(of_another), signer=CUSTOMER)),
        _decision_case("signed garbage", expect="malformed", signed=sign_compact(DECISION_TYPE, b"\xc1", signer=CUSTOMER)),
        _decision_case("in a longer encoding than needed", expect="malformed",
                       signed=sign_compact(DECISION_TYPE, b"\xdc\x00\x0c" + claims[1:], signer=CUSTOMER)),
        _decision_case("with a byte after its end", expect="malformed",
                       signed=sign_compact(DECISION_TYPE, claims + b"\x00", signer=CUSTOMER)),
    ]  # fmt: skip


def receipt_cases() -> list[Json]:
    receipt: Document = {
        "org": ORG,
        "conversation": to_base64url(CONVERSATION),
        "decision_digest": POLICY.hex(),
        "request_digest": None,
        "received_at": NOW,
        "ledger_index": 7,
    }
    cases: list[tuple[str, str, bytes]] = [
        ("by a statement key in its time", "ok", sign(RECEIPT_TYPE, receipt, "statement-a")),
        ("by a stranger", "bad_signature", sign(RECEIPT_TYPE, receipt, "stranger")),
        ("by the issuing key", "bad_signature", sign(RECEIPT_TYPE, receipt, "issuing-a")),
        (
            "before the key's time",
            "lapsed",
            sign(RECEIPT_TYPE, receipt | {"received_at": NOW - DAY - 1}, "statement-a"),
        ),
        (
            "after the key's time",
            "lapsed",
            sign(RECEIPT_TYPE, receipt | {"received_at": NOW + 89 * DAY}, "statement-a"),
        ),
        ("with a field too many", "malformed", sign(RECEIPT_TYPE, receipt | {"x": 1}, "statement-a")),
        ("as another document", "bad_signature", sign(TRUST_TYPE, receipt, "statement-a")),
    ]
    return [
        {
            "name": name,
            "trust": document_bytes(trust_document()).decode(),
            "receipt": to_base64url(envelope),
            "expect": {"ledger_index": 7} if expect == "ok" else {"refused": expect},
        }
        for name, expect, envelope in cases
    ]


def json_cases() -> list[Json]:
    good: list[tuple[str, bytes]] = [
        ("an empty object", b"{}"),
        ("white space around", b' \n\t\r{"a": [1, -2, true, false, null, "x"]} '),
        ("16 deep", b"[" * 16 + b"]" * 16),
        ("brackets in a string are not depth", b'"' + b"[" * 40 + b'"'),
        ("an escaped quote before brackets", b'"\\"' + b"[" * 40 + b'"'),
        ("the largest integer", b"9007199254740991"),
        ("the smallest integer", b"-9007199254740991"),
        ("a surrogate pair", b'"\\ud83e\\udd80"'),
        ("the same key in two objects", b'[{"a":1},{"a":1}]'),
        ("a key called __proto__", b'{"__proto__":1}'),
    ]
    bad: list[tuple[str, bytes]] = [
        ("nothing", b""),
        ("a key twice", b'{"a":1,"a":1}'),
        ("a key twice in two spellings", b'{"a":1,"\\u0061":1}'),
        ("a key twice, deeper", b'[{"b":{"a":1,"a":2}}]'),
        ("17 deep", b"[" * 17 + b"]" * 17),
        ("10,000 deep", b"[" * 10_000),
        ("a fraction", b"1.5"),
        ("a whole fraction", b"1.0"),
        ("an exponent", b"1e2"),
        ("minus zero", b"-0"),
        ("a leading zero", b"01"),
        ("a plus sign", b"+1"),
        ("NaN", b"NaN"),
        ("Infinity", b"-Infinity"),
        ("2^53", b"9007199254740992"),
        ("a number of 400 digits", b"1" * 400),
        ("invalid UTF-8", b'"\xff"'),
        ("overlong UTF-8", b'"\xc0\xaf"'),
        ("a surrogate in UTF-8", b'"\xed\xa0\x80"'),
        ("a lone surrogate", b'"\\ud800"'),
        ("a lone surrogate as a key", b'{"\\udc00":1}'),
        ("a byte order mark", b"\xef\xbb\xbf{}"),
        ("UTF-16", '{"a":1}'.encode("utf-16")),
        ("a trailing comma", b"[1,]"),
        ("a comment", b"{}//"),
        ("two values", b"{}{}"),
        ("a control character in a string", b'"\x00"'),
        ("a line feed in a string", b'"\n"'),
        ("single quotes", b"{'a':1}"),
        ("a vertical tab as white space", b"\x0b{}"),
        ("a no-break space as white space", "\u00a0{}".encode()),
        ("an escape that does not exist", b'"\\x41"'),
        ("cut short", b'{"a":'),
        ("over 256 KiB", b'"' + b"x" * 262_144 + b'"'),
    ]
    return [
        {
            "name": name,
            "octets": to_base64url(octets) if len(octets) < 20_000 else None,
            "repeat": _repeat(octets),
            "ok": ok,
        }
        for ok, cases in ((True, good), (False, bad))
        for name, octets in cases
    ]


def _repeat(octets: bytes) -> Json:
    """A long text as quote, letter, count: the file stays readable."""
    return None if len(octets) < 20_000 else {"before": '"', "letter": "x", "count": len(octets) - 2, "after": '"'}
