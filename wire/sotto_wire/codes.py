"""Every code a refusal may carry, and the WebSocket close codes. `docs/protocol.md` explains each one."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Code(StrEnum):
    """Why something was refused. A new code needs a line in `docs/protocol.md`."""

    BAD_FRAME = "bad_frame"
    TOO_LARGE = "too_large"
    WRONG_STAGE = "wrong_stage"
    WRONG_PHASE = "wrong_phase"
    NOT_SIGNED_IN = "not_signed_in"
    NOT_FOUND = "not_found"
    NOTICE_REQUIRED = "notice_required"
    TOO_FAST = "too_fast"
    MAILBOX_FULL = "mailbox_full"
    ROSTER_FULL = "roster_full"
    STALE_EPOCH = "stale_epoch"
    GROUP_OVER = "group_over"
    COMMIT_NOT_ALLOWED = "commit_not_allowed"
    NOT_ADMITTED = "not_admitted"
    CLOCK_SKEW = "clock_skew"
    NOT_OFFERED = "not_offered"
    NO_CREDENTIAL = "no_credential"
    NO_KEY_PACKAGE = "no_key_package"
    NOBODY_THERE = "nobody_there"
    NOT_NEWER = "not_newer"
    OUT_OF_ORDER = "out_of_order"
    UNTRUSTED = "untrusted"
    UNAVAILABLE = "unavailable"


class Close(IntEnum):
    """WebSocket close codes of our own; 1000, 1001, 1002, 1007 and 1009 keep their RFC 6455 meaning."""

    BAD_FRAME = 4400
    NOT_SIGNED_IN = 4401
    REVOKED = 4403
    UNTRUSTED = 4406
    TOO_SLOW = 4408
    TAKEN_OVER = 4409
    TOO_FAST = 4429
