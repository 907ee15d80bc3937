"""A conversation as a chain of groups: the line that leads from one group to the next, and the judgement of all lines of a group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sotto_keys.shared.dsse import PREDECESSOR_TYPE, sign_compact, verify_compact
from sotto_keys.shared.untrusted import Forked, Inconsistent
from sotto_wire.claims import Predecessor, PredecessorClaims, Signed
from sotto_wire.codec import encode_claims
from sotto_wire.ids import group_id

if TYPE_CHECKING:
    from sotto_keys.shared.secret import Signer
    from sotto_wire.claims import GroupTerms
    from sotto_wire.ids import ConversationId


def sign_line(claims: PredecessorClaims, signer: Signer) -> Predecessor:
    """The line as it stands in the next group's terms. The signer's key is the customer key of the group that ends."""
    signed = sign_compact(PREDECESSOR_TYPE, encode_claims(claims), signer=signer)
    return Predecessor(group=claims.group, epoch=claims.epoch, customer_key=signer.public, signature=signed.signature)


def check_chain(terms: GroupTerms, *, conversation: ConversationId, number: int) -> None:
    """Each earlier group of this conversation hands over to the next, under the key that was its customer.

    `Forked`: not one line for each earlier group, or of another conversation. `Inconsistent`: a customer key that comes twice.
    `BadSignature`: a line that the customer before did not sign, for this very group and key.
    """
    named = [group_id(conversation, each) for each in range(1, number + 1)]
    if [line.group for line in terms.chain] != named[:-1]:
        raise Forked("not the lines of this conversation's groups")
    keys = [*(line.customer_key for line in terms.chain), terms.customer_key]
    if len(set(keys)) != len(keys):
        raise Inconsistent("a customer key of two groups")
    for line, successor, customer_key in zip(terms.chain, named[1:], keys[1:], strict=True):
        claims = PredecessorClaims(group=line.group, epoch=line.epoch, successor=successor, customer_key=customer_key)
        signed = Signed(claims=encode_claims(claims), signature=line.signature)
        verify_compact(PREDECESSOR_TYPE, signed, key=line.customer_key)


def check_continues(terms: GroupTerms, earlier: GroupTerms) -> None:
    """`Forked` unless a group with these (judged) terms continues the one that we know with `earlier`: same lines, same customer then.

    The group that we know need not be the last one before: who was away sees a later group of the same chain.
    """
    known = len(earlier.chain)
    if terms.chain[:known] != earlier.chain or len(terms.chain) <= known:
        raise Forked("another chain than ours")
    if terms.chain[known].customer_key != earlier.customer_key:
        raise Forked("handed over by somebody else than our customer")
    if (terms.site, terms.desk) != (earlier.site, earlier.desk):
        raise Forked("another site or desk than ours")
