"""What a process of ours has used (Linux `/proc`): CPU seconds and resident memory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_UTIME, _STIME, _RSS = 11, 12, 21
"""Places in `/proc/PID/stat` after the name in parentheses (proc(5))."""


def cpu_s(pid: int) -> float:
    """User and system time, all threads."""
    fields = _fields(pid)
    return (int(fields[_UTIME]) + int(fields[_STIME])) / _TICKS


def resident_bytes(pid: int) -> int:
    """Pages in memory."""
    return int(_fields(pid)[_RSS]) * _PAGE


def _fields(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
