"""One place where distrust becomes a refusal: the gate answers `untrusted`, and which proof failed stays inside."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sotto_keys.shared.untrusted import Untrusted
from sotto_wire.refusals import ProofFailed

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def proofs() -> Iterator[None]:
    """Within it, a failed proof is `ProofFailed`."""
    try:
        yield
    except Untrusted as untrusted:
        raise ProofFailed(f"{untrusted.code}: {untrusted}") from untrusted
