"""One case of the client rules, and the worlds that several of them begin with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.vectors.trust_world import (
    NOW,
    World,
    root_document,
    sign,
)

from sotto_keys.shared.dsse import ROOT_TYPE, parse_envelope
from sotto_keys.shared.text_forms import fingerprint, to_base64url
from sotto_keys.shared.trust_chain import TrustMemory, judge_bundle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sotto_keys.shared.strict_json import Json
    from sotto_wire.ids import Digest


def memory_of(world: World, pinned: Digest | None = None) -> TrustMemory:
    """What a client remembers that has seen this world."""
    return judge_bundle(pinned or world.pinned, world.bundle(), memory=None).memory


def _memory_json(memory: TrustMemory | None) -> Json:
    if memory is None:
        return None
    return {
        "pinned": memory.pinned.hex(),
        "root_version": memory.root_version,
        "root_digest": memory.root_digest.hex(),
        "trust_version": memory.trust_version,
        "trust_digest": memory.trust_digest.hex(),
        "last_signed_ms": memory.last_signed_ms,
    }


def case(
    name: str,
    world: World,
    expect: str,
    *,
    roots: Sequence[bytes] | None = None,
    pinned: Digest | None = None,
    memory: TrustMemory | None = None,
    now: int = NOW,
) -> Json:
    bundle = world.bundle(roots)
    wanted: Json = {"refused": expect}
    if expect in {"fresh", "grace", "expired"}:
        newest = json.loads(parse_envelope(bundle.roots[-1]).payload)
        trust = json.loads(parse_envelope(bundle.trust).payload)
        state = judge_bundle(pinned or world.pinned, bundle, memory=memory)
        wanted = {
            "state": expect,
            "root_version": newest["version"],
            "trust_version": trust["version"],
            "clock_is_behind": now < state.memory.last_signed_ms,
            "memory": _memory_json(state.memory),
        }
    return {
        "name": name,
        "pinned": fingerprint(pinned or world.pinned),
        "bundle": {"roots": [to_base64url(each) for each in bundle.roots], "trust": to_base64url(bundle.trust)},
        "memory": _memory_json(memory),
        "now": now,
        "expect": wanted,
    }


def root2(world: World | None = None, signers: str = "root-a root-b", **changes: Json) -> World:
    """Root 2 hands over from key root-a to root-b."""
    world = world or World()
    document = root_document(2, root="root-b", prev=world.last)
    return world.with_root(document | changes, signers)


def pinned_as(document: Json | bytes) -> World:
    return World((sign(ROOT_TYPE, document, "root-a"),), World().trust)
