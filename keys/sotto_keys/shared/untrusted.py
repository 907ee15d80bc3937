"""Distrust: a proof failed. One class a kind of failure; the edge answers `untrusted` to all and logs which one it was."""

from __future__ import annotations

from typing import ClassVar


class Untrusted(Exception):  # noqa: N818 - the house's word is "untrusted", not "error"
    """A proof failed. The text stays inside the process; only `code` may be shown."""

    code: ClassVar[str] = "untrusted"


class Malformed(Untrusted):
    """The bytes are not the one encoding of the thing they claim to be."""

    code = "malformed"


class BadSignature(Untrusted):
    """A signature, or a tag that stands for one, does not verify."""

    code = "bad_signature"


class UnknownCredential(Untrusted):
    """Nobody we trust vouches for this key, or no longer."""

    code = "unknown_credential"


class Lapsed(Untrusted):
    """Outside its own lifetime at the time it is judged for."""

    code = "lapsed"


class Replayed(Untrusted):
    """It was used before, or an older one is shown after a newer."""

    code = "replayed"


class Forked(Untrusted):
    """It belongs to another history than ours: another group, epoch or chain."""

    code = "forked"


class Inconsistent(Untrusted):
    """Well signed, but it contradicts itself or the state that it builds on."""

    code = "inconsistent"


class Unreadable(Untrusted):
    """It was not sealed for us, or was changed on the way."""

    code = "unreadable"
