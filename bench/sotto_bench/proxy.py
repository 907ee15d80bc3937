"""A TCP proxy that behaves like a bad network: slow, stalled, reset, half closed, or not there. It reads nothing of what passes."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from typing import Final

CHUNK_BYTES: Final = 64 * 1024
_RESET: Final = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: close sends RST."""


class FaultProxy:
    """Listens on `port` of loopback and passes on to `target`. Loss, seen from above TCP, is a stall."""

    def __init__(self, port: int, target: int) -> None:
        self._port, self._target = port, target
        self._server: asyncio.Server | None = None
        self._open: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._deaf: set[asyncio.StreamWriter] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self.latency_s = 0.0
        """Added to every piece, each way."""
        self.refuses = False
        """New connections are reset at once."""

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", self._port)

    async def stop(self) -> None:
        self.flow()
        self.reset_all()
        if self._server is not None:
            self._server.close()

    def stall(self) -> None:
        """Nothing moves any more; nobody is told."""
        self._flowing.clear()

    def flow(self) -> None:
        self._flowing.set()

    def reset_all(self) -> None:
        """Every connection ends with RST, both ways."""
        for pair in list(self._open):
            for writer in pair:
                _reset(writer)

    def half_close_all(self) -> None:
        """The clients' ends are told that nothing more comes; what they send still arrives."""
        for client, _ in list(self._open):
            with suppress(OSError):
                client.write_eof()
            self._deaf.add(client)

    def __len__(self) -> int:
        return len(self._open)

    async def _meet(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        if self.refuses:
            _reset(client)
            return
        try:
            back, relay = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            _reset(client)
            return
        pair = (client, relay)
        self._open.add(pair)
        try:
            await asyncio.gather(self._pump(reader, relay), self._pump(back, client))
        finally:
            self._open.discard(pair)
            self._deaf.discard(client)
            for writer in pair:
                writer.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while octets := await reader.read(CHUNK_BYTES):
                if self.latency_s:
                    await asyncio.sleep(self.latency_s)
                await self._flowing.wait()
                if writer not in self._deaf:
                    writer.write(octets)
                    await writer.drain()
            if writer not in self._deaf:
                writer.write_eof()
        except OSError:
            writer.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    if raw is not None:
        with suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
