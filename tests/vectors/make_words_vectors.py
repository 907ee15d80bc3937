"""Writes `words.json`, read by pytest and vitest. `python tests/vectors/make_words_vectors.py` from the checkout."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sotto_keys.shared.words import conversation_words, device_words, organisation_words, word_list

if TYPE_CHECKING:
    from sotto_keys.shared.strict_json import Json

VECTORS: Final = Path(__file__).with_name("words.json")


def as_text() -> str:
    """As it is committed."""
    keys = [bytes(32), b"\xff" * 32, *(sha256(bytes([each])).digest() for each in range(8))]
    cases: list[Json] = [
        {
            "key": key.hex(),
            "organisation": list(organisation_words(key)),
            "conversation": list(conversation_words(key)),
            "device": list(device_words(key)),
        }
        for key in keys
    ]
    digest = sha256("\n".join(word_list()).encode()).hexdigest()
    return json.dumps({"list_sha256_joined_by_line_feed": digest, "cases": cases}, indent=1) + "\n"


if __name__ == "__main__":
    VECTORS.write_text(as_text(), encoding="ascii")
