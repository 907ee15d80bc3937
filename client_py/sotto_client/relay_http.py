"""The relay's HTTP answers an SDK program needs: trust bundle, policy, sign-in. Blocking calls, run off the loop."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Final

import msgspec

from sotto_wire.codes import Code
from sotto_wire.limits import DOCUMENT_BYTES
from sotto_wire.refusals import TooLarge, Unavailable, refusal

_TIMEOUT_S: Final = 10.0


def socket_url(base: str) -> str:
    """Where the relay at `base` (http or https) has its socket."""
    return f"ws{base.removeprefix('http')}/v1/socket"


class SignedIn(msgspec.Struct, frozen=True):
    """Answer of a sign-in; `session` is a secret and stays out of `repr`."""

    session: str
    expires_at: int
    agent: str
    name: str
    desks: list[str]

    def __repr__(self) -> str:
        return f"SignedIn(agent={self.agent!r}, session=‹secret›)"


class _Problem(msgspec.Struct, frozen=True):
    code: str
    retry_after_ms: int | None = None


@dataclass(frozen=True, slots=True)
class RelayHttp:
    """`base` is the relay's public address, `origin` what the program says it runs on."""

    base: str
    origin: str
    opener: urllib.request.OpenerDirector = field(
        default_factory=lambda: urllib.request.build_opener(urllib.request.ProxyHandler({})),
        repr=False,
    )

    async def trust_bundle(self) -> bytes:
        """The root chain and the newest trust, as published."""
        return await asyncio.to_thread(self._fetch, "GET", "/v1/trust", None, None)

    async def policy(self, digest_hex: str) -> bytes:
        """The bytes of the policy with this digest; the caller compares."""
        return await asyncio.to_thread(self._fetch, "GET", f"/v1/policies/{digest_hex}", None, None)

    async def sign_in(self, agent: str, password: str) -> SignedIn:
        """Raises `NotSignedIn` or `TooFast`."""
        body = msgspec.json.encode({"agent": agent, "password": password})
        answer = await asyncio.to_thread(self._fetch, "POST", "/v1/sign-in", body, None)
        return msgspec.json.decode(answer, type=SignedIn)

    async def sign_out(self, session: str) -> None:
        """End the session; its sockets close."""
        await asyncio.to_thread(self._fetch, "POST", "/v1/sign-out", b"", session)

    def _fetch(self, method: str, path: str, body: bytes | None, session: str | None) -> bytes:
        headers = {"Origin": self.origin}
        if body:
            headers["Content-Type"] = "application/json"
        if session is not None:
            headers["Authorization"] = f"Bearer {session}"
        request = urllib.request.Request(self.base + path, data=body, headers=headers, method=method)  # noqa: S310 - the address is the program's own setting
        try:
            with self.opener.open(request, timeout=_TIMEOUT_S) as answer:
                octets: bytes = answer.read(DOCUMENT_BYTES + 1)
        except urllib.error.HTTPError as error:
            raise _refusal_of(error.read(DOCUMENT_BYTES)) from None
        except OSError as error:
            raise Unavailable(type(error).__name__) from None
        if len(octets) > DOCUMENT_BYTES:
            raise TooLarge(path)
        return octets


def _refusal_of(body: bytes) -> Exception:
    try:
        problem = msgspec.json.decode(body, type=_Problem)
        return refusal(Code(problem.code), retry_after_ms=problem.retry_after_ms)
    except (msgspec.DecodeError, ValueError):
        return Unavailable("no readable answer")
