"""An agent's device: its credential as the relay shows it and we judge it, its request to the officer, and its key packages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sotto_keys.ceremony.device_request import DeviceRequest, to_code
from sotto_keys.device.mls.joining import is_for
from sotto_keys.device.mls.own_key_package import OwnKeyPackage, create_key_package
from sotto_keys.device.mls.secret_bytes import SecretBytes
from sotto_keys.shared.text_forms import to_base64url
from sotto_keys.shared.untrusted import Untrusted
from sotto_wire.frames import KeyPackagesHeld, PublishKeyPackages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sotto_client.link import Link
    from sotto_client.store import DeviceStore
    from sotto_client.trust_keeper import TrustKeeper
    from sotto_keys.shared.credential import Credential
    from sotto_keys.shared.secret import SecretSigningKey
    from sotto_wire.ids import Millis

PREFIX: Final = "package."
BATCH: Final = 20
REFILL_BELOW: Final = 5
MS_PER_S: Final = 1000
DAY_MS: Final = 24 * 3600 * 1000
RENEW_MS: Final = DAY_MS
"""A key package that ends within a day may lie too long in a customer's phone."""


@dataclass(slots=True)
class AgentKeys:
    """The signing key is the device; nothing here is sent before it rests on disk."""

    agent: str
    label: str
    key: SecretSigningKey
    store: DeviceStore
    keeper: TrustKeeper
    entropy: Callable[[int], bytes]
    state: str = "unknown"
    """As the relay says: unknown, pending, issued or revoked."""
    envelope: bytes | None = None
    """The credential in force, as published."""

    def request(self) -> DeviceRequest:
        """What to carry to an officer."""
        org, leaf_key = self.keeper.state.org, to_base64url(self.key.public)
        return DeviceRequest(org=org, person=self.agent, device=self.label, leaf_key=leaf_key)

    def request_code(self) -> str:
        """The request as a short code."""
        return to_code(self.request())

    def changed(self, state: str, envelope: bytes | None) -> None:
        """The relay tells of our credential; one that we cannot verify ourselves counts for nothing."""
        self.state, self.envelope = state, envelope

    def credential(self, *, at: Millis) -> Credential | None:
        """Our credential, if the organisation stands by it at `at`."""
        if self.envelope is None:
            return None
        try:
            return self.keeper.state.judge_credential(self.envelope, at=at, leaf_key=self.key.public)
        except Untrusted:
            return None

    async def refill(self, link: Link, *, held: int, now: Millis) -> int:
        """Publish more key packages where the relay holds few; how many it holds then."""
        credential = self.credential(at=now)
        if credential is None or held >= REFILL_BELOW or credential.exp - now < RENEW_MS:
            return held
        made = [self._make(credential, now=now) for _ in range(BATCH)]
        fresh = {PREFIX + own.public.reference().hex(): own.to_bytes() for own in made}
        self.store.save({**dict.fromkeys(self._run_out(now=now)), **fresh})
        packages = [own.public.to_message() for own in made]
        answer = await link.ask(lambda ref: PublishKeyPackages(ref=ref, packages=packages, last_resort=None))
        return answer.single_use if isinstance(answer, KeyPackagesHeld) else held

    def answering(self, welcome: bytes) -> tuple[str, OwnKeyPackage] | None:
        """The key package a Welcome was made for, with the name of its row."""
        return next(((name, own) for name, own in self._kept() if is_for(welcome, own)), None)

    def _kept(self) -> Iterator[tuple[str, OwnKeyPackage]]:
        for name in self.store.names(PREFIX):
            octets = self.store.load(name)
            if octets is not None:
                yield name, OwnKeyPackage.from_bytes(octets)

    def _run_out(self, *, now: Millis) -> list[str]:
        """Rows of key packages that nobody can be added with any more: their private keys go."""
        kept = [(name, own.public.leaf.lifetime) for name, own in self._kept()]
        return [name for name, lifetime in kept if lifetime is None or lifetime.not_after * MS_PER_S < now - DAY_MS]

    def _make(self, credential: Credential, *, now: Millis) -> OwnKeyPackage:
        assert self.envelope is not None, "who has a credential has its envelope"
        return create_key_package(
            SecretBytes(self.key.reveal_seed()),
            self.envelope,
            now=now // MS_PER_S,
            not_after=credential.exp // MS_PER_S,
            entropy=self.entropy,
        )
