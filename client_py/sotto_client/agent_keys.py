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
from sotto_wire.limits import KEY_PACKAGES_LOW, LAST_RESORT_LIFE_MS

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
    held: int = 0
    """Single-use key packages at the relay."""
    last_resort_until: int = 0
    """End of the one of last resort at the relay, 0 where there is none."""

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

    def holds(self, *, single_use: int, last_resort_until: int) -> None:
        """What the relay says that it holds for us."""
        self.held, self.last_resort_until = single_use, last_resort_until

    async def refill(self, link: Link, *, now: Millis) -> None:
        """Publish more key packages where the relay holds few, and one of last resort where that ends or was used."""
        credential = self.credential(at=now)
        is_low = self.held < KEY_PACKAGES_LOW
        ends = self.last_resort_until < now + RENEW_MS or not self._has_last_resort()
        if credential is None or not (is_low or ends) or credential.exp - now < RENEW_MS:
            return
        made = [self._make(credential, now=now) for _ in range(BATCH)] if is_low else []
        last = self._make(credential, now=now, last_resort=True) if ends else None
        kept = made if last is None else [*made, last]
        fresh = {PREFIX + own.public.reference().hex(): own.to_bytes() for own in kept}
        self.store.save({**dict.fromkeys(self._run_out(now=now)), **fresh})
        packages = [own.public.to_message() for own in made]
        resort = None if last is None else last.public.to_message()
        answer = await link.ask(lambda ref: PublishKeyPackages(ref=ref, packages=packages, last_resort=resort))
        if isinstance(answer, KeyPackagesHeld):
            self.held = answer.single_use
            self.last_resort_until = self.last_resort_until if last is None else now + LAST_RESORT_LIFE_MS

    def used(self, row: str) -> list[str]:
        """Which rows go once a Welcome was opened with it.

        One of last resort is published anew at once; its private keys stay to their end, because it may have been claimed for other
        conversations whose Welcome is still to come.
        """
        octets = self.store.load(row)
        if octets is not None and OwnKeyPackage.from_bytes(octets).public.is_last_resort:
            self.last_resort_until = 0
            return []
        self.held -= 1
        return [row]

    def answering(self, welcome: bytes) -> tuple[str, OwnKeyPackage] | None:
        """The key package a Welcome was made for, with the name of its row."""
        return next(((name, own) for name, own in self._kept() if is_for(welcome, own)), None)

    def _kept(self) -> Iterator[tuple[str, OwnKeyPackage]]:
        for name in self.store.names(PREFIX):
            octets = self.store.load(name)
            if octets is not None:
                yield name, OwnKeyPackage.from_bytes(octets)

    def _has_last_resort(self) -> bool:
        """One under the credential in force: whoever was put on call since must be found under what they are now."""
        kept = (own.public for _, own in self._kept())
        return any(each.is_last_resort and each.leaf.credential.identity == self.envelope for each in kept)

    def _run_out(self, *, now: Millis) -> list[str]:
        """Rows of key packages that nobody can be added with any more: their private keys go."""
        kept = [(name, own.public.leaf.lifetime) for name, own in self._kept()]
        return [name for name, lifetime in kept if lifetime is None or lifetime.not_after * MS_PER_S < now - DAY_MS]

    def _make(self, credential: Credential, *, now: Millis, last_resort: bool = False) -> OwnKeyPackage:
        ends = min(credential.exp, now + LAST_RESORT_LIFE_MS) if last_resort else credential.exp
        assert self.envelope is not None, "who has a credential has its envelope"
        return create_key_package(
            SecretBytes(self.key.reveal_seed()),
            self.envelope,
            now=now // MS_PER_S,
            not_after=ends // MS_PER_S,
            entropy=self.entropy,
            last_resort=last_resort,
        )
