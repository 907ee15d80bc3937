"""Tests of words.py."""

from __future__ import annotations

from tests.vectors.make_words_vectors import VECTORS, as_text

from sotto_keys.shared.words import conversation_words, device_words, organisation_words, spell, word_list


def test_the_committed_vectors_are_what_the_script_writes() -> None:
    assert VECTORS.read_text(encoding="ascii") == as_text()


def test_the_list_has_2048_words_that_differ_in_their_first_four_letters() -> None:
    assert len(word_list()) == 2048
    assert len({word[:4] for word in word_list()}) == 2048


def test_the_same_key_reads_differently_for_each_use() -> None:
    key = bytes(32)
    assert organisation_words(key) != conversation_words(key)[:4]
    assert conversation_words(key) != device_words(key)


def test_more_words_begin_with_the_fewer() -> None:
    assert spell(bytes(32), label="x", count=9)[:4] == spell(bytes(32), label="x", count=4)
