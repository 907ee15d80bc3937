from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.mls.cast import a_device, a_group, follow, grown, unsafe_for_tests_entropy

from sotto_keys.device.mls.application_messages import decrypt, encrypt
from sotto_keys.device.mls.committing import create_commit
from sotto_keys.device.mls.private_messages import PADDING_STEP, protect_private
from sotto_keys.device.mls.secret_bytes import SecretBytes
from sotto_keys.device.mls.secret_tree import FARTHEST_STEP, NEVER, SKIPPED_KEPT, Ratchet, Use
from sotto_keys.device.mls.signing import sign_content
from sotto_keys.device.mls.stored_member import member_from_bytes, member_to_bytes
from sotto_keys.shared.mls.framing import PRIVATE_MESSAGE, FramedContent, Sender, SenderType
from sotto_keys.shared.mls.private_message import parse_application_message, parse_private_message
from sotto_keys.shared.untrusted import Forked, Inconsistent, Malformed, Replayed, Unreadable, Untrusted

ENTROPY = unsafe_for_tests_entropy(11)
ALICE, BOB = a_group(2, ENTROPY)


def test_a_message_is_read_once() -> None:
    _, message = encrypt(ALICE, b"hello", entropy=ENTROPY)
    bob, opened = decrypt(BOB, message)
    assert (opened.sender, opened.epoch, opened.content) == (0, 1, b"hello")
    assert "hello" not in repr(opened)
    with pytest.raises(Replayed):
        decrypt(bob, message)


def test_one_cannot_read_ones_own_message() -> None:
    alice, message = encrypt(ALICE, b"hello", entropy=ENTROPY)
    with pytest.raises(Replayed):
        decrypt(alice, message)


@pytest.mark.parametrize(("length", "sealed"), [(0, 256), (150, 256), (188, 256), (189, 512), (1000, 1280)])
def test_lengths_show_in_steps_only(length: int, sealed: int) -> None:
    _, message = encrypt(ALICE, bytes(length), entropy=ENTROPY)
    assert len(parse_application_message(message).ciphertext) == sealed + 16
    assert sealed % PADDING_STEP == 0


def test_messages_may_come_in_another_order() -> None:
    alice, first = encrypt(ALICE, b"first", entropy=ENTROPY)
    _, second = encrypt(alice, b"second", entropy=ENTROPY)
    bob, opened = decrypt(BOB, second)
    assert opened.content == b"second"
    assert decrypt(bob, first)[1].content == b"first"


def test_a_message_of_the_epoch_before_is_still_read() -> None:
    _, message = encrypt(BOB, b"before", entropy=ENTROPY)
    pending = create_commit(BOB, authenticated_data=b"", entropy=ENTROPY)
    alice, opened = decrypt(follow(ALICE, pending), message)
    assert (opened.epoch, opened.content) == (1, b"before")
    with pytest.raises(Replayed):
        decrypt(alice, message)


def test_a_message_of_an_older_epoch_is_gone() -> None:
    _, message = encrypt(BOB, b"before", entropy=ENTROPY)
    members = [ALICE, BOB]
    for number in range(2):
        members = grown(members, [a_device(ENTROPY, f"{number}")], entropy=ENTROPY)
    with pytest.raises(Forked):
        decrypt(members[0], message)


def test_a_flipped_bit_is_refused_and_the_message_can_still_be_read() -> None:
    _, message = encrypt(ALICE, b"hello", entropy=ENTROPY)
    for place in range(0, len(message), 5):
        changed = bytearray(message)
        changed[place] ^= 0x10
        with pytest.raises(Untrusted):
            decrypt(BOB, bytes(changed))
    assert decrypt(BOB, message)[1].content == b"hello"


def test_a_message_with_authenticated_data_is_not_a_plain_one() -> None:
    _, message = encrypt(ALICE, b"hello", entropy=ENTROPY)
    parsed = replace(parse_private_message(message), authenticated_data=b"look")
    with pytest.raises(Malformed):
        parse_application_message(parsed.to_message())


def test_another_message_is_no_private_message() -> None:
    with pytest.raises(Malformed):
        parse_private_message(b"\x00\x01\x00\x01" + bytes(40))


def test_a_message_too_short_to_be_sealed_is_refused() -> None:
    _, message = encrypt(ALICE, b"hello", entropy=ENTROPY)
    parsed = parse_private_message(message)
    for short in (replace(parsed, ciphertext=b"x"), replace(parsed, sealed_sender=b"x")):
        with pytest.raises(Unreadable):
            decrypt(BOB, short.to_message())


def sealed_by_bob(*, leaf: int, padding: bytes = b"") -> bytes:
    """A message in the name of `leaf`, sealed with what every member knows and signed by Bob."""
    context = ALICE.group.context
    framed = FramedContent(ALICE.group_id, ALICE.epoch, Sender(SenderType.MEMBER, leaf), b"", b"hello")
    made = sign_content(BOB.signing_key, framed, wire_format=PRIVATE_MESSAGE, context=context)
    if padding:
        made = replace(made, confirmation_tag=padding)
    return protect_private(BOB.message_keys(), made, entropy=ENTROPY)[0].to_message()


def test_a_member_cannot_write_in_anothers_name() -> None:
    with pytest.raises(Untrusted):
        decrypt(ALICE, sealed_by_bob(leaf=0))


def test_padding_that_says_something_is_refused() -> None:
    with pytest.raises(Malformed):
        decrypt(ALICE, sealed_by_bob(leaf=1, padding=b"smuggled"))


def test_a_sender_who_is_not_there_is_nobody() -> None:
    members = a_group(3, ENTROPY)
    _, message = encrypt(members[2], b"hello", entropy=ENTROPY)
    keys = members[0].message_keys()
    without = {leaf: key for leaf, key in keys.signature_keys.items() if leaf != 2}
    with pytest.raises(Inconsistent):
        decrypt(replace(members[0], past=replace(keys, signature_keys=without)), message)


def test_a_ratchet_steps_at_most_six_thousand() -> None:
    ratchet = Ratchet(SecretBytes(32), 0)
    _, after = ratchet.at(FARTHEST_STEP)
    assert after.generation == FARTHEST_STEP + 1
    assert len(after.skipped) == SKIPPED_KEPT
    with pytest.raises(Inconsistent):
        ratchet.at(FARTHEST_STEP + 1)


def test_a_ratchet_never_gives_a_key_twice_nor_one_that_it_forgot() -> None:
    _, after = Ratchet(SecretBytes(32), 0).at(200)
    key, later = after.at(199)
    assert key == Ratchet(SecretBytes(32), 0).at(199)[0]
    for gone in (199, 200, 100):
        with pytest.raises(Replayed):
            later.at(gone)


def test_a_ratchet_ends_before_its_number_would_wrap() -> None:
    with pytest.raises(Inconsistent):
        Ratchet(SecretBytes(32), NEVER - 1).at(NEVER)


def test_skipped_keys_and_the_epoch_before_are_stored_and_read_back() -> None:
    alice, skipped = encrypt(ALICE, b"skipped", entropy=ENTROPY)
    _, message = encrypt(alice, b"second", entropy=ENTROPY)
    bob = follow(decrypt(BOB, message)[0], create_commit(ALICE, authenticated_data=b"", entropy=ENTROPY))
    restored = member_from_bytes(member_to_bytes(bob))
    assert restored == bob
    assert decrypt(restored, skipped)[1].content == b"skipped"


def test_a_stored_ratchet_of_unknown_use_is_refused() -> None:
    bob, _ = decrypt(BOB, encrypt(ALICE, b"hello", entropy=ENTROPY)[1])
    stored = member_to_bytes(bob)
    ratchet = bob.tree.ratchets[0, Use.HANDSHAKE]
    place = stored.index(b"\x00\x00\x00\x00\x00\x20" + ratchet.secret)
    with pytest.raises(Malformed):
        member_from_bytes(stored[: place + 4] + b"\x02" + stored[place + 5 :])
