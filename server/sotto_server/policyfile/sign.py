"""An approval put into the file it is about: four lines of one `[[dpia]]` table, everything else byte for byte as it was."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from sotto_keys.shared.dsse import pae
from sotto_keys.shared.policy.projections import approval_claims, scope_digest
from sotto_keys.shared.policy.reading import read_policy
from sotto_keys.shared.text_forms import from_base64url, to_base64url
from sotto_keys.shared.untrusted import Inconsistent, Malformed
from sotto_server.domain.policy_assessment import APPROVAL_TYPE, KEY_BYTES

if TYPE_CHECKING:
    from sotto_keys.shared.policy.shape import Dpia, Policy
    from sotto_keys.shared.secret import Signer

WRITTEN: Final = ("scope_digest", "author", "approver", "approval")
_TABLE: Final = re.compile(r"^\[", re.MULTILINE)


class SamePerson(Inconsistent):
    """The author cannot approve what the author wrote."""

    code = "same_person"


def sign_dpia(octets: bytes, ref: str, *, author: str, signer: Signer) -> bytes:
    """The file with the approval in it. `SamePerson` where the approver's key is the author's, `Malformed` for a ref it lacks."""
    from_base64url(author, length=KEY_BYTES)
    approver = to_base64url(signer.public)
    if approver == author:
        raise SamePerson("an assessment is approved by another key than its author's")
    policy = read_policy(octets)
    dpia = next((each for each in policy.dpia if each.ref == ref), None)
    if dpia is None:
        raise Malformed(f"no [[dpia]] with the ref {ref}")
    dpia = msgspec.structs.replace(
        dpia, scope_digest=scope_digest(policy, dpia).hex(), author=author, approver=approver, approval=""
    )
    approval = signer.sign(pae(APPROVAL_TYPE, approval_claims(policy, dpia)))
    return _written(octets, policy, msgspec.structs.replace(dpia, approval=to_base64url(approval)))


def _written(octets: bytes, policy: Policy, dpia: Dpia) -> bytes:
    start, end = _place(octets.decode("utf-8"), dpia.ref)
    text = octets.decode("utf-8")
    table = text[start:end]
    for name in reversed(WRITTEN):
        table = re.sub(rf"^{name}[ \t]*=.*\n", "", table, flags=re.MULTILINE) if name != WRITTEN[0] else table
    lines = "\n".join(f'{name} = "{getattr(dpia, name)}"' for name in WRITTEN)
    line = re.compile(r"^scope_digest[ \t]*=.*$", re.MULTILINE)
    table = line.sub(lines, table) if line.search(table) else f"{table.rstrip()}\n{lines}\n\n"
    written = (text[:start] + table + text[end:]).encode()
    expected = msgspec.structs.replace(policy, dpia=[dpia if each.ref == dpia.ref else each for each in policy.dpia])
    if read_policy(written) != expected:
        raise Malformed(
            "the [[dpia]] table is written in a way that cannot be edited; put scope_digest on a line of its own"
        )
    return written


def _place(text: str, ref: str) -> tuple[int, int]:
    """Where the table with this ref begins and ends."""
    for match in re.finditer(r"^\[\[dpia\]\][^\n]*\n", text, re.MULTILINE):
        after = _TABLE.search(text, match.end())
        end = len(text) if after is None else after.start()
        if re.search(rf'^ref[ \t]*=[ \t]*"{re.escape(ref)}"', text[match.start() : end], re.MULTILINE):
            return match.start(), end
    raise Malformed(f"no [[dpia]] table with the ref {ref}")
