"""The membership tag (RFC 9420 §6.2), by which members know that a message in the clear is from one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sotto_keys.device.mls.kdf import check_tag, tag
from sotto_keys.shared.mls.framing import AuthenticatedContent, PublicMessage, SenderType, signed_content
from sotto_keys.shared.untrusted import Inconsistent

if TYPE_CHECKING:
    from sotto_keys.device.mls.secret_bytes import SecretBytes
    from sotto_keys.shared.mls.group_context import GroupContext


def _tagged(authenticated: AuthenticatedContent, context: GroupContext) -> bytes:
    signed = signed_content(authenticated.wire_format, authenticated.framed, context=context)
    return signed + authenticated.encode_auth()


def protect_public(
    authenticated: AuthenticatedContent, *, membership_key: SecretBytes, context: GroupContext
) -> PublicMessage:
    """A proposal or commit of a member, tagged. Application data is never sent in the clear (§6.2)."""
    if isinstance(authenticated.framed.content, bytes):
        raise TypeError("application data does not travel in the clear")
    return PublicMessage(authenticated, tag(membership_key, _tagged(authenticated, context)))


def unprotect_public(
    message: PublicMessage, *, membership_key: SecretBytes, context: GroupContext
) -> AuthenticatedContent:
    """The content of a member's message; its signature is still to be checked. `BadSignature` or `Inconsistent`."""
    authenticated = message.authenticated
    is_ours = authenticated.framed.sender.kind is SenderType.MEMBER and message.membership_tag is not None
    if not is_ours or isinstance(authenticated.framed.content, bytes):
        raise Inconsistent("not a handshake message of a member")
    check_tag(membership_key, _tagged(authenticated, context), found=message.membership_tag or b"")
    return authenticated
