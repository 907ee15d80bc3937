"""Writes `trust.json`: documents, true and forged, and what a client must answer. Deterministic; run it again after a change of contract.

`python tests/vectors/make_trust_vectors.py` from the checkout. Pytest and vitest read the file; neither reads the other's code.
"""

from __future__ import annotations

import json
import sys
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.vectors.trust_cases import chain_cases
from tests.vectors.trust_cases_incidents import incident_cases
from tests.vectors.trust_cases_small import credential_cases, decision_cases, json_cases, receipt_cases

if TYPE_CHECKING:
    from sotto_keys.shared.strict_json import Json

VECTORS: Final = Path(__file__).with_name("trust.json")


def vectors() -> dict[str, Json]:
    """The whole file's content."""
    documents: dict[str, Json] = {}
    return {
        "about": "Made by make_trust_vectors.py. Bytes are base64url without padding, digests hex, times ms. `expect` holds a state "
        "or, under `refused`, the code of docs/protocol.md 2.1. A bundle names "
        "its envelopes in `documents`.",
        "documents": documents,
        "chains": [_shared(each, documents) for each in chain_cases()],
        "credentials": [_shared(each, documents) for each in credential_cases()],
        "incidents": [_shared(each, documents) for each in incident_cases()],
        "decisions": decision_cases(),
        "receipts": receipt_cases(),
        "strict_json": json_cases(),
    }


def _shared(case: Json, documents: dict[str, Json]) -> Json:
    """The case with its bundle's envelopes put into `documents`, each once."""
    assert isinstance(case, dict)
    bundle = case["bundle"]
    assert isinstance(bundle, dict)
    assert isinstance(bundle["roots"], list)
    roots: list[Json] = [_name(each, documents) for each in bundle["roots"]]
    return case | {"bundle": {"roots": roots, "trust": _name(bundle["trust"], documents)}}


def _name(envelope: Json, documents: dict[str, Json]) -> str:
    name = sha256(str(envelope).encode()).hexdigest()[:8]
    documents[name] = envelope
    return name


def as_text() -> str:
    """As it is committed."""
    return json.dumps(vectors(), indent=1, ensure_ascii=True) + "\n"


if __name__ == "__main__":
    VECTORS.write_text(as_text(), encoding="utf-8")
