"""Tests of relay/password.py, relay/statement_key.py, secret_files.py and secret.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from argon2 import Parameters, Type
from argon2.profiles import RFC_9106_LOW_MEMORY
from tests.vectors.trust_world import NOW, key

from sotto_keys.relay.password import Argon2Passwords, WeakPassword
from sotto_keys.relay.statement_key import (
    STATEMENT_KEY_LIFE_MS,
    new_statement_key,
    parse_public_file,
    parse_statement_key,
)
from sotto_keys.secret_files import Exposed, read_secret_file, write_secret_file
from sotto_keys.shared.dsse import RECEIPT_TYPE, verify
from sotto_keys.shared.secret import SecretBytes, SecretSigningKey, SecretText
from sotto_keys.shared.text_forms import to_base64url
from sotto_keys.shared.untrusted import Malformed
from sotto_wire.ids import Millis

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD = SecretText("correct horse battery")
UNSAFE_FOR_TESTS = Argon2Passwords(
    Parameters(type=Type.ID, version=19, salt_len=16, hash_len=32, time_cost=1, memory_cost=8, parallelism=1)
)


def seed(count: int) -> bytes:
    return bytes(range(count))


def test_a_password_fits_its_own_hash_and_no_other() -> None:
    stored = UNSAFE_FOR_TESTS.hash(PASSWORD)
    assert UNSAFE_FOR_TESTS.verify(stored, PASSWORD)
    assert not UNSAFE_FOR_TESTS.verify(stored, SecretText("correct horse batterz"))


def test_a_damaged_hash_fits_nothing() -> None:
    assert not UNSAFE_FOR_TESTS.verify("not a hash", PASSWORD)


@pytest.mark.parametrize("length", [11, 129])
def test_a_password_too_short_or_long_is_not_set(length: int) -> None:
    with pytest.raises(WeakPassword):
        UNSAFE_FOR_TESTS.hash(SecretText("x" * length))


def test_the_cost_is_the_second_option_of_rfc_9106() -> None:
    stored = Argon2Passwords().hash(PASSWORD)
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert RFC_9106_LOW_MEMORY.memory_cost == 65536
    assert not Argon2Passwords().is_outdated(stored)
    assert Argon2Passwords().is_outdated(UNSAFE_FOR_TESTS.hash(PASSWORD))


def test_a_statement_key_reads_back_and_signs() -> None:
    made = new_statement_key(seed, nbf=Millis(NOW))
    again = parse_statement_key(made.to_bytes())
    assert (again.nbf, again.exp) == (NOW, NOW + STATEMENT_KEY_LIFE_MS)
    assert parse_public_file(made.public_file()) == again.entry()
    message = b"DSSEv1 %d %b 1 x" % (len(RECEIPT_TYPE), RECEIPT_TYPE.encode())
    verify(RECEIPT_TYPE, b"x", signatures=[again.sign(message)], keys=[made.public], threshold=1)


def test_the_public_file_holds_nothing_secret() -> None:
    made = new_statement_key(seed, nbf=Millis(NOW))
    assert to_base64url(made.key.reveal_seed()).encode() not in made.public_file()


def test_a_file_that_is_no_statement_key_is_refused() -> None:
    with pytest.raises(Malformed):
        parse_statement_key(b'{"kind":"sotto.statement-key.v1","seed":"AAAA","nbf":1,"exp":2}')


def test_secrets_do_not_show_in_repr() -> None:
    made = new_statement_key(seed, nbf=Millis(NOW))
    shown = f"{SecretBytes(b'abc')!r} {SecretText('abc')!r} {key('x')!r} {made!r} {SecretSigningKey(bytes(32))}"
    assert "abc" not in shown
    assert shown.count("‹secret›") == 4
    assert SecretBytes(b"abc").reveal() == b"abc"


def test_a_secret_file_is_its_owners_alone_and_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "key"
    write_secret_file(path, b"one")
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_secret_file(path) == b"one"
    with pytest.raises(FileExistsError):
        write_secret_file(path, b"two")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
def test_a_secret_file_that_others_may_open_is_not_read(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key"
    write_secret_file(path, b"one")
    path.chmod(mode)
    with pytest.raises(Exposed):
        read_secret_file(path)
