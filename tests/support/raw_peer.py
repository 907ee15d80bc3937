"""A peer that writes bytes, not protocols: what no library would send can be sent, and what came back is read as it is."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from tests.support.running_relay import SHOP

KEY: Final = "dGhlIHNhbXBsZSBub25jZQ=="
LAWFUL: Final = (
    ("Host", "chat.example"),
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", KEY),
    ("Sec-WebSocket-Protocol", "sotto.1"),
    ("Origin", SHOP),
)


def request(
    *headers: tuple[str, str], method: str = "GET", path: str = "/v1/socket", version: str = "HTTP/1.1"
) -> bytes:
    lines = [f"{method} {path} {version}", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join((*lines, "", "")).encode()


def without(*names: str) -> tuple[tuple[str, str], ...]:
    return tuple(each for each in LAWFUL if each[0] not in names)


def masked(payload: bytes = b"", *, first: int = 0x82) -> bytes:
    size = len(payload)
    short = size if size < 126 else 126 if size < 1 << 16 else 127
    long = b"" if short < 126 else size.to_bytes(2 if short == 126 else 8, "big")
    return bytes([first, 0x80 | short]) + long + b"\0\0\0\0" + payload


@dataclass
class RawPeer:
    """One TCP connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def connect(cls, port: int) -> RawPeer:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    def send(self, octets: bytes) -> None:
        self.writer.write(octets)

    async def head(self) -> tuple[int, dict[str, str]]:
        """Status and headers of the next answer."""
        octets = await self.reader.readuntil(b"\r\n\r\n")
        first, *lines = octets.decode().split("\r\n")
        pairs = (line.split(": ", 1) for line in lines if line)
        return int(first.split(" ")[1]), {name.lower(): value for name, value in pairs}

    async def upgrade(self, *headers: tuple[str, str]) -> bytes:
        """Become a socket; the answer is the relay's first frame, which is its challenge."""
        self.send(request(*(headers or LAWFUL)))
        status, _ = await self.head()
        assert status == 101
        return await self.frame()

    async def frame(self) -> bytes:
        """The payload of the next data frame; asks for nothing else."""
        first, payload = await self._frame()
        assert first == 0x82
        return payload

    async def close_code(self) -> int:
        """The code of the close frame that comes after whatever else comes."""
        first = 0
        payload = b""
        while first != 0x88:
            first, payload = await self._frame()
        return int.from_bytes(payload[:2], "big")

    async def _frame(self) -> tuple[int, bytes]:
        first, size = await self.reader.readexactly(2)
        if size > 125:
            size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8), "big")
        return first, await self.reader.readexactly(size)

    async def is_cut(self) -> bool:
        """Wait for the end of the connection; whether nothing was said before it."""
        try:
            return await self.reader.read() == b""
        except ConnectionError:
            return True

    def hang_up(self) -> None:
        self.writer.transport.abort()
