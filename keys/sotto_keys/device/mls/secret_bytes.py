"""Bytes that must not show: the type of every secret of the MLS member."""

from __future__ import annotations


class SecretBytes(bytes):
    """A secret. Its `repr` and `str` never show it, so no log line and no traceback of ours does."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "‹secret›"

    def __str__(self) -> str:
        return "‹secret›"
