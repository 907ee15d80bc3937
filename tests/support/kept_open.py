"""A customer who keeps a chat open, in front of a `RelayWorld`: a policy that offers it at the world's desk, decisions, commits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from tests.support.policies import edited
from tests.support.relay_questions import Scene
from tests.support.relay_world import DESK, AgentDevice, CustomerDevice
from tests.vectors.trust_world import DAY, HOUR, World, trust_document

from sotto_keys.shared.decision import sign_decision
from sotto_keys.shared.policy.notice_text import notice_text
from sotto_keys.shared.policy.reading import read_policy
from sotto_keys.shared.text_forms import digest_of
from sotto_server.usecases.publish_documents import Documents, publish_documents
from sotto_wire.moments import Moment

if TYPE_CHECKING:
    from tests.support.relay_world import RelayWorld

    from sotto_keys.shared.strict_json import Json
    from sotto_wire.claims import DecisionClaims, Signed
    from sotto_wire.frames import Commit, Committed

POLICY: Final = edited('[[desks]]\nid = "support"', f'[[desks]]\nid = "{DESK}"')
WORDS: Final = notice_text(read_policy(POLICY), Moment.LONGER_TIME, desk=DESK, language="en").digest


def in_force(relay: RelayWorld, policy: bytes = POLICY, *, version: int = 2) -> None:
    """Trust lists this policy; what it lists besides is older."""
    listed: list[Json] = [{"digest": digest_of(policy).hex(), "nbf": relay.now, "exp": relay.now + 300 * DAY}]
    if policy != POLICY:
        listed.append({"digest": digest_of(POLICY).hex(), "nbf": relay.now - DAY, "exp": relay.now + 300 * DAY})
    trust = World().with_trust(trust_document(version, policies=listed, issued=relay.now - HOUR)).trust
    relay.do(publish_documents, Documents(trust=trust, policies=(policy,)))


def begin(relay: RelayWorld, policy: bytes = POLICY, *, alone: bool = False) -> Scene:
    """A customer with Ana (or before anybody has taken the chat), under a policy whose desk is the world's."""
    in_force(relay, policy)
    scene = Scene(relay, CustomerDevice(policy=digest_of(policy)), AgentDevice())
    relay.equip(scene.ana)
    if alone:
        relay.open(scene.customer)
    else:
        relay.meet(scene.customer, scene.ana)
    return scene


def claiming(scene: Scene, **changes: object) -> DecisionClaims:
    """That the chat stays open for another day from now."""
    now = scene.relay.now
    claims: DecisionClaims = msgspec.structs.replace(
        scene.customer.claims(), notice_digest=WORDS, decided_at=now, expires_at=now + DAY
    )
    return msgspec.structs.replace(claims, **changes)


def deciding(scene: Scene, **changes: object) -> Signed:
    """The same, signed by the customer."""
    return sign_decision(claiming(scene, **changes), scene.customer.key)


def keeping_open(scene: Scene, decision: Signed) -> Commit:
    """The commit that carries it: the earlier decisions stay."""
    return scene.committing(decision, standing=[*scene.standing(), digest_of(decision.claims)])


def keep_open(scene: Scene, decision: Signed | None = None) -> Committed:
    """Taken by the relay and adopted by the device."""
    committed = scene.relay.commit(keeping_open(scene, decision or deciding(scene)), scene.customer.speaker)
    scene.customer.adopt()
    return committed
