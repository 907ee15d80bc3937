"""Looks for marked text in files and in the memory of a process. It must also find it where it is, or it proves nothing."""

from __future__ import annotations

import base64
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK_BYTES: Final = 4 * 1024 * 1024
_REGION: Final = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) r\S+ \S+ \S+ \S+\s*(.*)$")
_UNREADABLE: Final = ("[vvar]", "[vsyscall]", "[vvar_vclock]")


def disguises(marker: str) -> tuple[bytes, ...]:
    """The marker as it may lie in bytes: UTF-8, UTF-16, hex, and base64 at each of its three alignments."""
    raw = marker.encode()
    plain = (raw, marker.encode("utf-16-le"), raw.hex().encode(), raw.hex().upper().encode())
    # The edges of a base64 run depend on the neighbours; the inside does not.
    shifted = tuple(base64.b64encode(b"\0" * shift + raw)[4:-4] for shift in range(3))
    return plain + shifted


def found_in(octets: bytes, markers: tuple[str, ...]) -> set[str]:
    """Those of `markers` that lie in `octets` in any disguise."""
    return {marker for marker in markers if any(form in octets for form in disguises(marker))}


def found_in_files(folder: Path, markers: tuple[str, ...]) -> dict[str, set[str]]:
    """File name to the markers in it, for every file below `folder`."""
    hits = {
        str(path.relative_to(folder)): found_in(path.read_bytes(), markers)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    return {name: found for name, found in hits.items() if found}


def found_in_memory(pid: int, markers: tuple[str, ...]) -> set[str]:
    """Markers in the readable memory of a process of our own (Linux `/proc`)."""
    hits: set[str] = set()
    for chunk in memory_of(pid):
        hits |= found_in(chunk, markers)
    return hits


def memory_of(pid: int) -> Iterator[bytes]:
    """Its readable memory in pieces that overlap."""
    regions = [match for line in _lines(pid) if (match := _REGION.match(line)) and match[3] not in _UNREADABLE]
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for region in regions:
            start, end = int(region[1], 16), int(region[2], 16)
            yield from _region(memory.fileno(), start, end)


def _lines(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/maps").read_text().splitlines()


def _region(descriptor: int, start: int, end: int) -> Iterator[bytes]:

    tail = b""
    for offset in range(start, end, CHUNK_BYTES):
        try:
            chunk = os.pread(descriptor, min(CHUNK_BYTES, end - offset), offset)
        except OSError:
            return
        yield tail + chunk
        tail = chunk[-512:]
