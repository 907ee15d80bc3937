"""Faults: we failed. The peer gets `unavailable` and a reference; the log gets the rest."""

from __future__ import annotations

from typing import ClassVar


class Fault(Exception):  # noqa: N818 - the house's word is "fault", not "error"
    """We failed, whoever asked. The text is for the log; nothing but a reference leaves the process."""

    code: ClassVar[str] = "fault"


class ConfigFault(Fault):
    """The settings cannot be used: the relay does not start."""

    code = "config"


class StoreFault(Fault):
    """The store could not keep or read something. What was asked may or may not reappear: asking again is safe."""

    code = "store"
