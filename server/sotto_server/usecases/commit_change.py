"""Keep a commit: one winner an epoch; commit, welcomes, roster, group state and ledger in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from sotto_keys.shared.mls.proposals import Add
from sotto_server.domain.ledger import Change, GroupState
from sotto_server.domain.mailbox import StoredEnvelope
from sotto_server.domain.rings import Rings, look_at
from sotto_server.usecases.answer_request import let_in
from sotto_server.usecases.finding import conversation_of
from sotto_server.usecases.handing import handoff_after_commit
from sotto_server.usecases.keep_open import kept_open
from sotto_server.usecases.record_decision import OPEN, Happening, record_decision
from sotto_server.usecases.roster import after_commit
from sotto_server.usecases.standing import keep_credential
from sotto_server.usecases.verify_commit import change_of, next_for, still_judged
from sotto_wire.claims import DeviceAdmission, WelcomeBundle
from sotto_wire.codec import encode_claims
from sotto_wire.frames import Commit, Committed
from sotto_wire.ids import Millis
from sotto_wire.limits import COMMIT_BYTES, ENVELOPE_LIFE_MS, MAILBOX_ENVELOPES
from sotto_wire.questions import Event
from sotto_wire.refusals import MailboxFull, StaleEpoch, TooLarge

if TYPE_CHECKING:
    from sotto_keys.shared.secret import Signer
    from sotto_server.domain.conversation import Conversation
    from sotto_server.domain.speaker import Asked
    from sotto_server.ports import Unit
    from sotto_server.usecases.keep_open import Longer
    from sotto_server.usecases.verify_commit import Judged, VerifiedCommit


@dataclass(frozen=True, slots=True)
class Accepted:
    """An allowed and well-made commit on its way into the store."""

    conversation: Conversation
    asked: Asked[Commit]
    judged: Judged
    longer: Longer | None
    """The customer keeps the chat open with it."""
    now: Millis

    @property
    def seq(self) -> int:
        """Its place; the welcomes of its newcomers stand right after it."""
        return self.conversation.head + 1


def commit_change(unit: Unit, verified: VerifiedCommit, /, *, now: Millis, signer: Signer) -> Committed:
    """Refuses as `verify_commit` and `kept_open` do, and with `MailboxFull`: what was found is asked again where anything has moved."""
    frame, device = verified.asked.frame, verified.asked.by.device
    conversation = conversation_of(unit, frame.conversation)
    conversation.speaker(device)
    known = change_of(unit, conversation, frame)
    if known is not None and (known.device, known.digest) == (device, verified.digest):
        return Committed(ref=frame.ref, conversation=conversation.id, seq=known.seq, receipt=known.receipt)
    conversation = next_for(conversation, frame, known=known)
    if conversation.must_wait(device, now=now):
        raise StaleEpoch("reserved for the customer, who withdrew a decision")
    if conversation.head - conversation.gone >= MAILBOX_ENVELOPES:
        raise MailboxFull("commits")
    judged = still_judged(unit, verified, conversation=conversation, now=now)
    longer = kept_open(unit, conversation, judged.verdict, now=now)
    accepted = Accepted(conversation=conversation, asked=verified.asked, judged=judged, longer=longer, now=now)
    receipt = _receipt(unit, accepted, signer=signer)
    _deliver(unit, accepted)
    _keep(unit, accepted)
    unit.changes.add(
        Change(
            conversation=conversation.key,
            group=frame.group,
            epoch=frame.epoch,
            device=device,
            digest=verified.digest,
            seq=accepted.seq,
            receipt=receipt,
        )
    )
    return Committed(ref=frame.ref, conversation=conversation.id, seq=accepted.seq, receipt=receipt)


def _receipt(unit: Unit, accepted: Accepted, *, signer: Signer) -> bytes | None:
    verdict, conversation = accepted.judged.verdict, accepted.conversation
    signed, decision = verdict.note.decision, verdict.decision
    if signed is None or decision is None:
        return None
    if verdict.added and isinstance(decision.claims.admits, DeviceAdmission):
        request = let_in(unit, conversation, decision, now=accepted.now)
        what = Happening(Event.GIVE.value, conversation.id, subject=request, request=request)
    elif accepted.longer is not None:
        what = Happening(Event.RENEW.value, conversation.id, subject=accepted.longer.start)
    else:
        what = Happening(OPEN, conversation.id, subject=decision.digest)
    return record_decision(unit, what, signed=signed, now=accepted.now, signer=signer)


def _deliver(unit: Unit, accepted: Accepted) -> None:
    unit.mail.append(_envelope(accepted, accepted.asked.frame.commit))
    for seq, newcomer in enumerate(accepted.judged.verdict.added, start=accepted.seq + 1):
        welcome = _envelope(accepted, _bundle(accepted))
        unit.mail.append(replace(welcome, kind="welcome", seq=seq, recipient=newcomer.device))


def _envelope(accepted: Accepted, body: bytes) -> StoredEnvelope:
    frame = accepted.asked.frame
    return StoredEnvelope(
        conversation=accepted.conversation.key,
        seq=accepted.seq,
        group=frame.group,
        epoch=frame.epoch,
        kind="commit",
        sender=accepted.asked.by.device,
        number=0,
        posted_at=accepted.now,
        expires_at=Millis(accepted.now + ENVELOPE_LIFE_MS),
        recipient=None,
        body=body,
    )


def _bundle(accepted: Accepted) -> bytes:
    frame = accepted.asked.frame
    assert frame.welcome is not None, "checked with the verdict"
    interim = accepted.judged.before.interim_transcript_hash
    body = encode_claims(WelcomeBundle(welcome=frame.welcome, commit=frame.commit, interim_hash=interim))
    if len(body) > COMMIT_BYTES:
        raise TooLarge("commit and Welcome together")
    return body


def _keep(unit: Unit, accepted: Accepted) -> None:
    before, verdict, seq = accepted.conversation, accepted.judged.verdict, accepted.seq
    after = replace(
        after_commit(before, verdict, accepted.judged.memory, seq=seq, now=accepted.now),
        head=seq + len(verdict.added),
        epoch=accepted.judged.after.epoch,
        committed_at=Millis(verdict.note.committed_at),
        active_at=accepted.now,
    )
    after = handoff_after_commit(unit, after, verdict)
    after = after if accepted.longer is None else replace(after, closes_at=accepted.longer.closes_at)
    unit.mail.keep(after)
    _keep_credentials(unit, accepted)
    public, memory = accepted.judged.after.to_bytes(), accepted.judged.memory.to_bytes()
    unit.groups.put(GroupState(conversation=after.key, group=after.group, public=public, memory=memory))
    if after.proposed is None:
        unit.offers.remove(after.key)
    told = before.readers() | after.readers() | ({before.proposed} if before.proposed else frozenset())
    unit.ring(look_at(after.id, told))
    if before.stage is not after.stage:
        unit.ring(Rings(desks=frozenset({after.desk})))


def _keep_credentials(unit: Unit, accepted: Accepted) -> None:
    """T31: whoever is let in is somebody whose revocation we will notice, also where nobody published the credential."""
    packages = [each.key_package for each in accepted.judged.verdict.commit.proposals if isinstance(each, Add)]
    for newcomer, package in zip(accepted.judged.verdict.added, packages, strict=True):
        if unit.credentials.get(newcomer.credential.cred_id) is None:
            envelope = package.leaf.credential.identity
            keep_credential(unit, newcomer.credential, envelope=envelope, now=accepted.now)
