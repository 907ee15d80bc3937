"""Refusals: the rules say no. The code crosses the wire and the other end raises the same class again."""

from __future__ import annotations

from typing import ClassVar, Final

from sotto_wire.codes import Code


class Refused(Exception):  # noqa: N818 - the house's word is "refused", not "error"
    """The rules say no. Only `code` (and `retry_after_ms`, where it helps) leaves the process; the text stays inside."""

    code: ClassVar[Code] = Code.BAD_FRAME
    retry_after_ms: int | None = None

    def __init__(self, inside: str = "", *, retry_after_ms: int | None = None) -> None:
        super().__init__(inside)
        self.retry_after_ms = retry_after_ms


class BadFrame(Refused):
    """Not a frame of this protocol; the socket is closed."""

    code = Code.BAD_FRAME


class TooLarge(Refused):
    """Larger than the limit for this phase; the socket is closed."""

    code = Code.TOO_LARGE


class WrongStage(Refused):
    """The conversation is not in a stage where this act exists."""

    code = Code.WRONG_STAGE


class WrongPhase(Refused):
    """A frame before `hello`, a second `hello`, or a frame of the other role; the socket is closed."""

    code = Code.WRONG_PHASE


class NotSignedIn(Refused):
    """The proof of who speaks is missing or wrong."""

    code = Code.NOT_SIGNED_IN


class NotFound(Refused):
    """It does not exist, or it is not yours: the two look the same from outside."""

    code = Code.NOT_FOUND


class ConsentMissing(Refused):
    """No decision in force covers this; the answer names the notice to show."""

    code = Code.NOTICE_REQUIRED


class TooFast(Refused):
    """A rate limit; `retry_after_ms` says when to try again."""

    code = Code.TOO_FAST


class MailboxFull(Refused):
    """Too much is waiting undelivered in this conversation."""

    code = Code.MAILBOX_FULL


class RosterFull(Refused):
    """The group already has its eight leaves."""

    code = Code.ROSTER_FULL


class StaleEpoch(Refused):
    """Another commit won, or the message was encrypted for an epoch that is over: process what came, then try again."""

    code = Code.STALE_EPOCH


class GroupOver(Refused):
    """The conversation goes on in its next group: this one takes nothing more."""

    code = Code.GROUP_OVER


class CommitNotAllowed(Refused):
    """The commit is outside the closed list of `group-rules`."""

    code = Code.COMMIT_NOT_ALLOWED


class NotAdmitted(Refused):
    """An Add that no standing decision of the customer covers."""

    code = Code.NOT_ADMITTED


class ClockSkew(Refused):
    """`committed_at` or `decided_at` is further than five minutes from the relay's clock, or went backwards."""

    code = Code.CLOCK_SKEW


class NotOffered(Refused):
    """The question exists in the table of moments, but not here: its feature is not there, or the policy does not name it."""

    code = Code.NOT_OFFERED


class NoCredential(Refused):
    """This device has no credential in force: an officer has not issued one, or it ran out, or it was revoked."""

    code = Code.NO_CREDENTIAL


class NoKeyPackage(Refused):
    """The device has no key package left to be added with."""

    code = Code.NO_KEY_PACKAGE


class NobodyThere(Refused):
    """Nobody of the desk who could take it is online."""

    code = Code.NOBODY_THERE


class NotNewer(Refused):
    """A signed document that is not newer than the one in force."""

    code = Code.NOT_NEWER


class OutOfOrder(Refused):
    """A number or cursor that skips ahead, or points at what does not exist."""

    code = Code.OUT_OF_ORDER


class ProofFailed(Refused):
    """A signature, chain or hash did not verify; what exactly failed is in the relay's log, not in the answer."""

    code = Code.UNTRUSTED


class Unavailable(Refused):
    """The relay failed and nothing was kept, or cannot say; try again."""

    code = Code.UNAVAILABLE


def _leaves(root: type[Refused]) -> dict[Code, type[Refused]]:
    return {each.code: each for each in root.__subclasses__()}


BY_CODE: Final = _leaves(Refused)


def refusal(code: Code, *, retry_after_ms: int | None = None) -> Refused:
    """The refusal that `code` stands for, for the end that reads it off the wire."""
    return BY_CODE[code](retry_after_ms=retry_after_ms)
