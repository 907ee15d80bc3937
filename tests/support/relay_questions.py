"""Questions to a customer in front of a `RelayWorld`: a policy that allows them, guests, answers and withdrawals with real keys."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from tests.support.relay_world import AgentDevice, CustomerDevice, RelayWorld
from tests.vectors.trust_world import DAY, HOUR, POLICY, World, trust_document

from sotto_keys.device.mls.committing import create_commit
from sotto_keys.device.mls.create_group import group_extensions
from sotto_keys.shared import strict_json
from sotto_keys.shared.decision import sign_decision
from sotto_keys.shared.dsse import parse_envelope
from sotto_keys.shared.mls.group_terms import read_terms
from sotto_keys.shared.mls.key_package import parse_key_package
from sotto_keys.shared.request import Request
from sotto_keys.shared.text_forms import digest_of, from_base64url
from sotto_keys.shared.withdrawal import sign_withdrawal
from sotto_server.domain.speaker import Asked
from sotto_server.policyfile.reader import PolicyFiles
from sotto_server.usecases.answer_request import answer_request
from sotto_server.usecases.ask_customer import ask_customer
from sotto_server.usecases.publish_documents import Documents, publish_documents
from sotto_server.usecases.withdraw import withdraw
from sotto_wire.claims import CommitNote, DecisionClaims, DeviceAdmission, Signed, WithdrawalClaims
from sotto_wire.codec import encode_claims
from sotto_wire.frames import AnswerRequest, AskCustomer, Commit, Recorded, Withdraw
from sotto_wire.ids import Digest, Millis

if TYPE_CHECKING:
    from sotto_keys.shared.strict_json import Json
    from sotto_server.domain.question import Question
    from sotto_server.ports import Unit
    from sotto_wire.ids import ConversationId

POLICY_FILE: Final = (Path(__file__).parents[2] / "demo" / "policy.example.toml").read_bytes()
POLICY_DIGEST: Final = sha256(POLICY_FILE).digest()


def policy_allows_questions(relay: RelayWorld) -> None:
    """Trust lists the demo's policy file beside the made-up one."""
    listed: list[Json] = [
        {"digest": each.hex(), "nbf": relay.now - DAY, "exp": relay.now + 300 * DAY} for each in (POLICY, POLICY_DIGEST)
    ]
    trust = World().with_trust(trust_document(2, policies=listed, issued=relay.now - HOUR)).trust
    relay.do(publish_documents, Documents(trust=trust, policies=(POLICY_FILE,)))


@dataclass
class Scene:
    """A conversation of a customer with Ana, under a policy that allows questions."""

    relay: RelayWorld
    customer: CustomerDevice
    ana: AgentDevice

    @classmethod
    def begin(cls, relay: RelayWorld, *, name: str = "customer") -> Scene:
        policy_allows_questions(relay)
        scene = cls(relay, CustomerDevice(name, policy=POLICY_DIGEST), AgentDevice())
        relay.equip(scene.ana)
        relay.meet(scene.customer, scene.ana)
        return scene

    @property
    def name(self) -> ConversationId:
        return self.customer.conversation

    def equip(self, agent: str, **face: object) -> AgentDevice:
        """A colleague who could be asked for."""
        device = AgentDevice(agent, f"device-{agent}", **face)  # type: ignore[arg-type]
        self.relay.equip(device)
        return device

    def ask(self, moment: str, device: AgentDevice, *, by: AgentDevice | None = None) -> Asking:
        frame = AskCustomer(
            ref=1, conversation=self.name, moment=moment, device=device.key.public, history="new_messages"
        )
        use_case = partial(ask_customer, signer=self.relay.signer, entropy=self.ana.dice, policies=PolicyFiles())
        return Asking(self.relay.do(use_case, Asked(frame, (by or self.ana).speaker)).request)

    def decision(self, asking: Asking, answer: str = "given", **changes: object) -> Signed:
        claims = msgspec.structs.replace(asking.claims(self, answer), **changes)
        return sign_decision(claims, self.customer.key)

    def answer(self, asking: Asking, answer: str, **changes: object) -> Recorded:
        frame = AnswerRequest(ref=1, conversation=self.name, decision=self.decision(asking, answer, **changes))
        return self.say(frame)

    def say(self, frame: AnswerRequest) -> Recorded:
        return self.relay.do(partial(answer_request, signer=self.relay.signer), Asked(frame, self.customer.speaker))

    def allowing(self, asking: Asking, decision: Signed | None = None) -> Commit:
        """The commit of the customer's device that lets the newcomer in."""
        signed = decision or self.decision(asking)
        standing = [*self.standing(), digest_of(signed.claims)]
        package = next(each.package for each in self.questions() if each.request == asking.digest)
        return self.committing(signed, add=package, standing=standing)

    def letting_in(self, asking: Asking) -> Commit:
        """The same commit under no decision at all."""
        package = next(each.package for each in self.questions() if each.request == asking.digest)
        return self.committing(None, add=package, standing=self.standing())

    def allow(self, asking: Asking, decision: Signed | None = None) -> Signed:
        signed = decision or self.decision(asking)
        self.relay.commit(self.allowing(asking, signed), self.customer.speaker)
        self.customer.adopt()
        return signed

    def removing(self, device: AgentDevice, decision: Signed) -> Commit:
        standing = [each for each in self.standing() if each != digest_of(decision.claims)]
        return self.committing(None, remove=device, standing=standing)

    def putting_out(self, device: AgentDevice) -> Commit:
        """A Remove that leaves the decision standing."""
        return self.committing(None, remove=device, standing=self.standing())

    def withdrawal(self, decision: Signed, /, **changes: object) -> Signed:
        claims = WithdrawalClaims(
            conversation=self.name,
            customer_key=self.customer.key.public,
            decision=digest_of(decision.claims),
            withdrawn_at=self.relay.now,
            nonce=self.customer.dice(16),
        )
        return sign_withdrawal(msgspec.structs.replace(claims, **changes), self.customer.key)

    def withdraw(self, signed: Signed, *, by: AgentDevice | CustomerDevice | None = None) -> Recorded:
        frame = Withdraw(ref=1, conversation=self.name, withdrawal=signed)
        use_case = partial(withdraw, signer=self.relay.signer)
        return self.relay.do(use_case, Asked(frame, (by or self.customer).speaker))

    def questions(self) -> list[Question]:
        return self.relay.see(_questions, self.name)

    def ledger(self) -> list[str]:
        """The events of this conversation, in order."""
        return self.relay.see(_events, self.name)

    def standing(self) -> list[bytes]:
        return read_terms(self.customer.member.group.extensions).standing

    def committing(
        self,
        decision: Signed | None,
        *,
        standing: list[bytes],
        add: bytes | None = None,
        remove: AgentDevice | None = None,
    ) -> Commit:
        """Of the customer's device, for the current epoch."""
        member = self.customer.member
        note = CommitNote(committed_at=self.relay.now, relies_on=None, decision=decision, trust_version=None)
        terms = msgspec.structs.replace(read_terms(member.group.extensions), standing=standing)
        leaf = None if remove is None else member.group.find(remove.key.public)
        self.customer.pending = pending = create_commit(
            member,
            authenticated_data=encode_claims(note),
            entropy=self.customer.dice,
            add=[] if add is None else [parse_key_package(add)],
            remove=[] if leaf is None else [leaf],
            extensions=group_extensions(encode_claims(terms)),
        )
        return Commit(
            ref=1,
            conversation=self.name,
            group=self.customer.number,
            epoch=member.epoch,
            commit=pending.message,
            welcome=pending.welcome,
        )


@dataclass(frozen=True)
class Asking:
    """A request as the relay signed it."""

    envelope: bytes

    @property
    def digest(self) -> Digest:
        return parse_envelope(self.envelope).digest

    @property
    def request(self) -> Request:
        return strict_json.read(parse_envelope(self.envelope).payload, Request)

    def claims(self, scene: Scene, answer: str) -> DecisionClaims:
        request, now = self.request, scene.relay.now
        return DecisionClaims(
            conversation=scene.name,
            customer_key=scene.customer.key.public,
            answer=answer,  # type: ignore[arg-type]
            admits=DeviceAdmission(credential=request.credential, leaf_key=from_base64url(request.leaf_key)),
            purpose=request.purpose,
            history="new_messages",
            policy_digest=POLICY_DIGEST,
            notice_digest=bytes(32),
            decided_at=now,
            expires_at=Millis(now + 4 * HOUR),
            nonce=scene.customer.dice(16),
            request=self.digest,
        )


def _questions(unit: Unit, name: ConversationId, /, *, now: Millis) -> list[Question]:  # noqa: ARG001 - a query
    kept = unit.mail.conversation(name)
    assert kept is not None
    return unit.questions.find(conversation=kept.key)


def _events(unit: Unit, name: ConversationId, /, *, now: Millis) -> list[str]:  # noqa: ARG001 - a query
    return [each.event for each in unit.ledger.find(conversation=name)]
