"""Tests of opening_gate.py: how a conversation may begin, and how not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.support.mls_room import (
    CONVERSATION,
    CUSTOMER,
    PAGE,
    decide,
    digest_of_decision,
    entropy_from,
    new_group,
    package_of,
    seed_of,
    start_terms,
    trust_of,
)
from tests.vectors.trust_world import DAY, NOW, World, digest, key, root_document, trust_document

from sotto_keys.device.mls.create_group import create_group, group_extensions
from sotto_keys.shared.mls.extensions import EXTERNAL_PUB, Extension, RequiredCapabilities
from sotto_keys.shared.mls.group_terms import customer_identity
from sotto_keys.shared.mls.opening_gate import Opening, Page, judge_opening
from sotto_wire.claims import DeviceAdmission, Predecessor, TeamAdmission
from sotto_wire.codec import encode_claims
from sotto_wire.ids import Millis, group_id
from sotto_wire.limits import CLOCK_SKEW_MS, CONVERSATION_LIFE_MS
from sotto_wire.refusals import ClockSkew, CommitNotAllowed, ConsentMissing, ProofFailed

if TYPE_CHECKING:
    from sotto_keys.device.mls.member import Member
    from sotto_keys.shared.mls.extensions import Extensions
    from sotto_keys.shared.trust_chain import TrustState
    from sotto_wire.claims import Signed


def opened(
    member: Member,
    start: Signed,
    *,
    trust: TrustState | None = None,
    page: Page | None = PAGE,
    now: int = NOW,
) -> Opening:
    info = member.group_info().to_message()
    return judge_opening(info, start, trust=trust or trust_of(World()), page=page, now=Millis(now))


def group_of(start: Signed, **terms: object) -> Member:
    return new_group(start_terms(digest_of_decision(start), **terms), entropy=entropy_from("opening"))


def test_a_conversation_opens_with_its_start_decision() -> None:
    start = decide()
    opening = opened(group_of(start), start)
    assert (opening.conversation, opening.number) == (CONVERSATION, 1)
    assert opening.start.digest == digest_of_decision(start)
    assert opening.memory.is_whole
    assert opening.memory.decision(opening.start.digest) == opening.start.claims
    assert opening.memory.decision(bytes(32)) is None


def test_without_a_page_the_caller_looks_up_site_and_desk() -> None:
    start = decide(admits=TeamAdmission(desk="returns"))
    opening = opened(group_of(start, desk="returns", site="elsewhere"), start, page=None)
    assert opening.terms.site == "elsewhere"


def test_a_page_may_pin_any_root_of_the_chain() -> None:
    first = World()
    world = first.with_root(root_document(2, root="root-b", prev=first.last), "root-a root-b")
    start = decide()
    for pinned in (world.roots[0], world.roots[1]):
        opened(group_of(start, root=digest(pinned)), start, trust=trust_of(world))
    with pytest.raises(ProofFailed):
        opened(group_of(start, root=digest(world.roots[1])), start)


@pytest.mark.parametrize("page", [Page(site="shop", desk="returns"), Page(site="elsewhere", desk="orders")])
def test_another_page_is_refused(page: Page) -> None:
    start = decide()
    with pytest.raises(CommitNotAllowed):
        opened(group_of(start), start, page=page)


def test_only_the_start_decision_stands() -> None:
    start, other = decide(), decide(nonce=b"other".ljust(16))
    both = new_group(start_terms(digest_of_decision(start), digest_of_decision(other)), entropy=entropy_from("x"))
    for member, decision in ((both, start), (group_of(other), start)):
        with pytest.raises(CommitNotAllowed):
            opened(member, decision)


def test_a_decision_for_another_conversation_is_refused() -> None:
    start = decide(conversation=bytes(16))
    with pytest.raises(CommitNotAllowed):
        opened(group_of(start), start)


def test_a_forged_decision_is_untrusted() -> None:
    start = decide()
    forged = type(start)(claims=start.claims, signature=bytes(64))
    with pytest.raises(ProofFailed):
        opened(group_of(start), forged)


@pytest.mark.parametrize("off", [CLOCK_SKEW_MS + 1, -CLOCK_SKEW_MS - 1])
def test_a_decision_more_than_five_minutes_off_is_refused(off: int) -> None:
    start = decide(decided_at=NOW + off)
    with pytest.raises(ClockSkew):
        opened(group_of(start), start)


@pytest.mark.parametrize(
    "changes",
    [
        {"answer": "refused"},
        {"answer": "deferred"},
        {"expires_at": NOW},
        {"expires_at": NOW + CONVERSATION_LIFE_MS + 1},
        {"policy_digest": bytes(32)},
        {"admits": TeamAdmission(desk="returns")},
        {"admits": DeviceAdmission(credential="ana-1", leaf_key=bytes(32))},
    ],
)
def test_without_a_given_team_decision_for_the_desk_the_notice_is_required(changes: dict[str, object]) -> None:
    start = decide(**changes)
    with pytest.raises(ConsentMissing):
        opened(group_of(start), start)


def test_a_policy_that_is_not_in_force_requires_its_notice() -> None:
    start = decide(policy_digest=bytes(32))
    with pytest.raises(ConsentMissing):
        opened(group_of(start, policy_digest=bytes(32)), start)


@pytest.mark.parametrize("age", [29 * DAY, 30 * DAY])
def test_nothing_opens_on_expired_trust(age: int) -> None:
    start = decide(decided_at=NOW + age, expires_at=NOW + age + DAY)
    with pytest.raises(ProofFailed):
        opened(group_of(start), start, now=NOW + age)


def test_a_policy_is_judged_by_the_last_signed_time_too() -> None:
    trust = trust_of(
        World().with_trust(
            trust_document(
                issued=NOW + 2 * DAY,
                policies=[{"digest": start_terms().policy_digest.hex(), "nbf": 0, "exp": NOW + DAY}],
            )
        )
    )
    start = decide()
    with pytest.raises(ConsentMissing):
        opened(group_of(start), start, trust=trust)


@pytest.mark.parametrize(
    "identity", [b"", b"sotto-customer:", customer_identity(key("other").public), key(CUSTOMER).public]
)
def test_the_customers_leaf_names_the_customer_key(identity: bytes) -> None:
    start = decide()
    terms = start_terms(digest_of_decision(start))
    with pytest.raises(ProofFailed):
        opened(new_group(terms, entropy=entropy_from("x"), identity=identity), start)


def test_the_terms_name_the_key_of_the_only_leaf() -> None:
    start = decide()
    with pytest.raises(ProofFailed):
        opened(group_of(start, customer_key=key("other").public), start)


def test_a_recovery_key_is_not_in_use() -> None:
    start = decide()
    with pytest.raises(CommitNotAllowed):
        opened(group_of(start, recovery_key=bytes(32)), start)


def test_the_lines_of_a_group_are_judged_with_it() -> None:
    start = decide()
    line = Predecessor(group=group_id(CONVERSATION, 1), epoch=1, customer_key=key("before").public, signature=bytes(64))
    for member in (group_of(start, chain=[line]), created(start, place=group_id(CONVERSATION, 2))):
        with pytest.raises(ProofFailed):
            opened(member, start)


def created(start: Signed, *, place: bytes | None = None, extensions: Extensions | None = None) -> Member:
    """A group of the customer with other numbers or extensions than it should have."""
    entropy = entropy_from("created")
    own = package_of(CUSTOMER, customer_identity(key(CUSTOMER).public), entropy=entropy)
    usual = group_extensions(encode_claims(start_terms(digest_of_decision(start))))
    return create_group(
        group_id(CONVERSATION, 1) if place is None else place,
        own,
        signing_key=seed_of(CUSTOMER),
        extensions=usual if extensions is None else extensions,
        entropy=entropy,
    )


@pytest.mark.parametrize("place", [b"", bytes(16), bytes(20), bytes(21)])
def test_a_group_id_is_conversation_and_number(place: bytes) -> None:
    start = decide()
    with pytest.raises(ProofFailed):
        opened(created(start, place=place), start)


def test_the_extensions_are_the_required_capabilities_and_the_terms() -> None:
    start = decide()
    required, own = group_extensions(encode_claims(start_terms(digest_of_decision(start))))
    for extensions in ((own, required), (required,), (required, own, Extension(EXTERNAL_PUB, bytes(32)))):
        with pytest.raises(ProofFailed):
            opened(created(start, extensions=extensions), start)
    looser = replace(required, content=RequiredCapabilities(credentials=(1,)).encode())
    with pytest.raises(CommitNotAllowed):
        opened(created(start, extensions=(looser, own)), start)


@pytest.mark.parametrize("octets", [b"", b"\x00\x01\x00\x04", bytes(300)])
def test_bytes_that_are_no_group_info_are_untrusted(octets: bytes) -> None:
    with pytest.raises(ProofFailed):
        judge_opening(octets, decide(), trust=trust_of(World()), page=PAGE, now=Millis(NOW))
