"""A group's terms and its customer, read from the group itself. What may change in them is the commit gate's question."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sotto_keys.shared.mls.extensions import GROUP_TERMS, REQUIRED_CAPABILITIES, find_extension
from sotto_keys.shared.mls.leaf_node import BASIC
from sotto_keys.shared.untrusted import Inconsistent, Malformed
from sotto_wire.claims import GroupTerms
from sotto_wire.codec import decode_claims
from sotto_wire.ids import CONVERSATION_ID_BYTES, GROUP_ID_BYTES, ConversationId
from sotto_wire.refusals import BadFrame

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sotto_keys.shared.mls.extensions import Extensions
    from sotto_keys.shared.mls.leaf_node import LeafNode

CUSTOMER_PREFIX: Final = b"sotto-customer:"


def customer_identity(customer_key: bytes) -> bytes:
    """The identity in a customer's leaf: the prefix and the key that also signs the leaf."""
    return CUSTOMER_PREFIX + customer_key


def read_terms(extensions: Extensions) -> GroupTerms:
    """The group's terms. `Malformed` unless the extensions are exactly `required_capabilities` and the terms, in that order."""
    if [each.kind for each in extensions] != [REQUIRED_CAPABILITIES, GROUP_TERMS]:
        raise Malformed("other extensions than a Sotto group has")
    content = find_extension(extensions, GROUP_TERMS)
    assert content is not None
    try:
        return decode_claims(content, GroupTerms)
    except BadFrame as refused:
        raise Malformed(str(refused)) from None


def split_group_id(group_id: bytes) -> tuple[ConversationId, int]:
    """Conversation and number of a group; `Malformed`."""
    if len(group_id) != GROUP_ID_BYTES:
        raise Malformed("group id")
    number = int.from_bytes(group_id[CONVERSATION_ID_BYTES:], "big")
    if number < 1:
        raise Malformed("group number")
    return ConversationId(group_id[:CONVERSATION_ID_BYTES]), number


def check_customer(leaves: Iterable[LeafNode], customer_key: bytes) -> None:
    """Exactly one leaf is the customer: its key, its identity. `Inconsistent` otherwise."""
    claiming = [leaf for leaf in leaves if _claims_to_be(leaf, customer_key)]
    if len(claiming) != 1:
        raise Inconsistent("not exactly one customer")
    leaf = claiming[0]
    genuine = leaf.credential.kind == BASIC and leaf.credential.identity == customer_identity(customer_key)
    if leaf.signature_key != customer_key or not genuine:
        raise Inconsistent("a customer who is not the customer")


def _claims_to_be(leaf: LeafNode, customer_key: bytes) -> bool:
    return leaf.signature_key == customer_key or leaf.credential.identity.startswith(CUSTOMER_PREFIX)
