"""The kinds of column the schema is made of: each with what it is for, which the data inventory prints."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, LargeBinary, Text


def time(name: str, comment: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable, comment=f"{comment} (Unix ms)")


def number(name: str, comment: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, comment=comment)


def octets(name: str, comment: str, *, nullable: bool = False) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=nullable, comment=comment)


def text(name: str, comment: str) -> Column[str]:
    return Column(name, Text, nullable=False, comment=comment)


def flag(name: str, comment: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False, comment=comment)
