"""Rows 38 and 39: everybody says everything about everybody's. Only what stands here passes; a new frame fails until it is placed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import pytest
from tests.support.matrix_town import CUSTOMERS, OUTSIDE, ROLES, Peer, Town, attacked
from tests.support.relay_people import ciphertext
from tests.support.relay_world import DESK, NOW, SHOP
from tests.support.wire_client import WireClient, a_client
from websockets.exceptions import ConnectionClosed

from sotto_keys.shared.dsse import HELLO_TYPE, sign_compact
from sotto_keys.shared.withdrawal import sign_withdrawal
from sotto_wire.claims import HelloClaims, WithdrawalClaims
from sotto_wire.codec import decode_from_relay, encode_claims
from sotto_wire.frames import (
    Acknowledge,
    AnswerRequest,
    AskCustomer,
    CallOff,
    CloseConversation,
    Commit,
    Complain,
    EnrolDevice,
    FindCandidates,
    Follow,
    Frame,
    HandOff,
    Hello,
    LeaveMessage,
    ListColleagues,
    OpenConversation,
    Post,
    PublishKeyPackages,
    Refusal,
    ShowHoldings,
    Take,
    WatchQueue,
    Welcomed,
    Withdraw,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

TALKS: Final = ("own", "waiting", "foreign", "nowhere")
DESKS: Final = {"own": DESK, "waiting": DESK, "foreign": "returns", "nowhere": "no-such-desk"}
PROBE: Final = CloseConversation(ref=999, conversation=b"probe".ljust(16, b"."))


def _replayed_hello(town: Town) -> Frame:
    """Row 43: what Anton's device signed for another connection."""
    claims = HelloClaims(
        site="shop",
        origin=SHOP,
        connection="another",
        nonce=bytes(32),
        role="customer",
        device=town.anton.key.public,
        session=None,
        build="test",
    )
    return Hello(sign_compact(HELLO_TYPE, encode_claims(claims), signer=town.anton.key))


def _post(town: Town, _: str, talk: str) -> Frame:
    conversation, epoch = town.talks[talk], town.anton.member.epoch if talk == "own" else 0
    message = ciphertext(conversation, group=1, epoch=epoch)
    return Post(ref=1, conversation=conversation, group=1, epoch=epoch, number=1, message=message)


def _answer(town: Town, _: str, talk: str) -> Frame:
    """What the conversation's own customer decided at its start: no answer to any question."""
    return AnswerRequest(ref=1, conversation=town.talks[talk], decision=town.anton.start)


def _withdraw(town: Town, _: str, talk: str) -> Frame:
    claims = WithdrawalClaims(
        conversation=town.talks[talk],
        customer_key=town.anton.key.public,
        decision=bytes(32),
        withdrawn_at=NOW,
        nonce=bytes(16),
    )
    return Withdraw(ref=1, conversation=town.talks[talk], withdrawal=sign_withdrawal(claims, town.anton.key))


def _commit(town: Town, who: str, talk: str) -> Frame:
    """One's own lawful commit; for others a lawful commit of the customer's, which they might have seen."""
    if talk == "own" and who == "ana":
        return town.commits[who]
    owner = {"own": "anton", "waiting": "berta", "foreign": "clara"}.get(talk, "anton")
    return msgspec.structs.replace(town.commits[owner], conversation=town.talks[talk])


SAY: Final[Mapping[type[Frame], Callable[[Town, str, str], Frame]]] = {
    Hello: lambda town, *_: _replayed_hello(town),
    Follow: lambda town, _, talk: Follow(ref=1, conversation=town.talks[talk], after=0),
    Acknowledge: lambda town, _, talk: Acknowledge(conversation=town.talks[talk], seq=0),
    WatchQueue: lambda _, __, talk: WatchQueue(ref=1, desk=DESKS[talk]),
    EnrolDevice: lambda *_: EnrolDevice(ref=1, label="laptop"),
    PublishKeyPackages: lambda *_: PublishKeyPackages(ref=1, packages=[], last_resort=None),
    OpenConversation: lambda town, _, talk: town.openings[talk],
    Post: _post,
    Commit: _commit,
    Complain: lambda town, _, talk: Complain(ref=1, conversation=town.talks[talk], group=1, epoch=0),
    LeaveMessage: lambda town, _, talk: LeaveMessage(ref=1, conversation=town.talks[talk]),
    ListColleagues: lambda town, _, talk: ListColleagues(ref=1, conversation=town.talks[talk]),
    HandOff: lambda town, _, talk: HandOff(ref=1, conversation=town.talks[talk], to=None),
    CallOff: lambda town, _, talk: CallOff(ref=1, conversation=town.talks[talk]),
    Take: lambda town, _, talk: Take(ref=1, desk=DESKS[talk], conversation=town.talks[talk]),
    FindCandidates: lambda town, _, talk: FindCandidates(ref=1, conversation=town.talks[talk], moment="second_agent"),
    AskCustomer: lambda town, _, talk: AskCustomer(
        ref=1, conversation=town.talks[talk], moment="second_agent", device=bytes(32), history="new_messages"
    ),
    AnswerRequest: _answer,
    Withdraw: _withdraw,
    ShowHoldings: lambda town, _, talk: ShowHoldings(ref=1, conversation=town.talks[talk], after=0),
    CloseConversation: lambda town, _, talk: CloseConversation(ref=1, conversation=town.talks[talk]),
}
"""In the order in which they are said: what ends a conversation comes last."""

OF_CUSTOMERS: Final = frozenset(
    {
        Follow,
        Acknowledge,
        OpenConversation,
        LeaveMessage,
        Post,
        Commit,
        Complain,
        CloseConversation,
        AnswerRequest,
        Withdraw,
        ShowHoldings,
    }
)
OF_THE_DESK: Final = frozenset(
    {WatchQueue, EnrolDevice, PublishKeyPackages, Take, ListColleagues, HandOff, CallOff, FindCandidates, AskCustomer}
)
OF_AGENTS: Final = OF_CUSTOMERS - {OpenConversation, LeaveMessage, AnswerRequest, Withdraw, ShowHoldings} | OF_THE_DESK
OUT_OF_PLACE: Final = "wrong_phase, closed 4400"
Cells = dict[tuple[str, str], str]


def _everywhere(answer: str) -> dict[str, str]:
    return dict.fromkeys(TALKS, answer)


MEMBER: Final[Mapping[type[Frame], str]] = {
    Follow: "done",
    Acknowledge: "",
    Post: "posted",
    Commit: "committed",
    Complain: "done",
    CloseConversation: "done",
}
AT_THE_DESK: Final = {"own": "done", "waiting": "done"}
"""Of what lies at one's desk. Calling off what nobody offered, or what is over, is answered and changes nothing."""
PASSES: Final[Mapping[str, Mapping[type[Frame], Mapping[str, str]]]] = {
    "anton": {
        ShowHoldings: {"own": "holdings"},
        **{frame: {"own": answer} for frame, answer in MEMBER.items()},
        LeaveMessage: {"own": "wrong_stage"},
        # Signed by its own customer, about no question and no decision that stands here.
        AnswerRequest: {"own": "not_admitted"},
        Withdraw: {"own": "not_found"},
        OpenConversation: {"own": "opened", **dict.fromkeys(("waiting", "foreign", "nowhere"), "commit_not_allowed")},
    },
    "berta": {
        ShowHoldings: {"waiting": "holdings"},
        # What another customer signed.
        **{key: {"waiting": "untrusted"} for key in (AnswerRequest, Withdraw)},
        **{frame: {"waiting": answer} for frame, answer in MEMBER.items()},
        OpenConversation: {"waiting": "opened", **dict.fromkeys(("own", "foreign", "nowhere"), "commit_not_allowed")},
    },
    "clara": {
        ShowHoldings: {"foreign": "holdings"},
        **{key: {"foreign": "untrusted"} for key in (AnswerRequest, Withdraw)},
        **{frame: {"foreign": answer} for frame, answer in MEMBER.items()},
        OpenConversation: {"foreign": "opened", **dict.fromkeys(("own", "waiting", "nowhere"), "commit_not_allowed")},
    },
    "stranger": {OpenConversation: {**_everywhere("commit_not_allowed"), "nowhere": "opened"}},
    "ana": {
        **{frame: {"own": answer} for frame, answer in MEMBER.items()},
        ListColleagues: {"own": "present"},
        # The policy of this town is a few bytes that allow no question.
        **{key: {"own": "not_offered"} for key in (FindCandidates, AskCustomer)},
        # Nobody else of the desk is online.
        HandOff: {"own": "nobody_there"},
        WatchQueue: AT_THE_DESK,
        CallOff: AT_THE_DESK,
        EnrolDevice: _everywhere("done"),
        PublishKeyPackages: _everywhere("held"),
        Take: {"own": "wrong_stage", "waiting": "taken"},
    },
    "cleo": {
        WatchQueue: AT_THE_DESK,
        CallOff: AT_THE_DESK,
        EnrolDevice: _everywhere("done"),
        PublishKeyPackages: _everywhere("held"),
        Take: {"own": "wrong_stage", "waiting": "taken"},
    },
    "ben": {
        WatchQueue: {"foreign": "done"},
        CallOff: {"foreign": "done"},
        EnrolDevice: _everywhere("done"),
        PublishKeyPackages: _everywhere("held"),
        Take: {"foreign": "taken"},
    },
    "dan": {
        WatchQueue: AT_THE_DESK,
        CallOff: AT_THE_DESK,
        EnrolDevice: _everywhere("done"),
        PublishKeyPackages: _everywhere("no_credential"),
        Take: {"own": "no_credential", "waiting": "no_credential"},
    },
    "fay": {
        WatchQueue: AT_THE_DESK,
        CallOff: AT_THE_DESK,
        EnrolDevice: _everywhere("done"),
        PublishKeyPackages: _everywhere("no_credential"),
        Take: {"own": "no_credential", "waiting": "no_credential"},
    },
    "gus": {
        # A removed member still gets the commit that removed it, and may say that it has it.
        Follow: {"own": "done"},
        Acknowledge: {"own": ""},
        WatchQueue: AT_THE_DESK,
        CallOff: AT_THE_DESK,
        EnrolDevice: _everywhere("done"),
        PublishKeyPackages: _everywhere("held"),
        Take: {"own": "wrong_stage", "waiting": "taken"},
    },
}


def expected(who: str) -> Cells:
    """`not_found`, unless the table says otherwise; a frame of the other role ends the socket."""
    cells: Cells = {}
    for frame in SAY:
        for talk in TALKS:
            name = frame.__name__
            if who == "nobody":
                cells[name, talk] = "not_signed_in, closed 4401" if frame is Hello else OUT_OF_PLACE
            elif who == "eve":
                cells[name, talk] = "not_signed_in, closed 4401"
            elif frame not in (OF_CUSTOMERS if who in CUSTOMERS else OF_AGENTS):
                cells[name, talk] = OUT_OF_PLACE
            else:
                cells[name, talk] = PASSES[who].get(frame, {}).get(talk, "not_found")
    return cells


async def said_by(peer: Peer | None, frames: Mapping[tuple[str, str], Frame], *, port: int) -> Cells:
    """What each frame is answered; on a new socket after each answer that closed one."""
    cells: Cells = {}
    left = list(frames.items())
    while left:
        async with a_client(port, origin=SHOP if peer is None else peer.origin) as client:
            refused = "" if peer is None else await refused_at_hello(client, peer)
            if refused:
                return dict.fromkeys(frames, refused)
            while left and "closed" not in refused:
                cell, frame = left.pop(0)
                cells[cell] = refused = await answer_to(client, frame)
    return cells


async def refused_at_hello(client: WireClient, peer: Peer) -> str:
    await client.hello(peer.key, session=peer.session, changed={"site": peer.site})
    first = decode_from_relay(await client.socket.recv(decode=False))
    if isinstance(first, Welcomed):
        return ""
    assert isinstance(first, Refusal)
    return f"{first.code}, closed {await client.close_code()}"


async def answer_to(client: WireClient, frame: Frame) -> str:
    """The tag of the answer, or the code of the refusal and with which code the socket closed."""
    probed = isinstance(frame, Acknowledge)
    await client.send(frame, *((PROBE,) if probed else ()))
    said = ""
    try:
        while True:
            answer = decode_from_relay(await client.socket.recv(decode=False))
            if isinstance(answer, Refusal) and answer.code in {"wrong_phase", "not_signed_in", "bad_frame"}:
                return f"{answer.code}, closed {await client.close_code()}"
            if isinstance(answer, Refusal) and answer.ref == PROBE.ref:
                return said
            if isinstance(answer, Refusal) and answer.ref in {None, 1}:
                said = answer.code
                if not probed:
                    return said
            if getattr(answer, "ref", None) == 1:
                return str(type(answer).__struct_config__.tag)
    except ConnectionClosed as closed:
        return f"closed {closed.rcvd.code if closed.rcvd else None}"


@pytest.mark.parametrize("who", ROLES)
async def test_each_is_answered_as_the_table_says(town: tuple[Town, Path], tmp_path: Path, who: str) -> None:
    built, database = town
    frames = {(frame.__name__, talk): say(built, who, talk) for frame, say in SAY.items() for talk in TALKS}
    async with attacked(database, tmp_path) as running:
        assert await said_by(built.peers.get(who), frames, port=running.port) == expected(who)


def test_every_role_has_its_row() -> None:
    """That every frame has its place is a rule of the house (`tests/house/test_catalogue.py`)."""
    assert set(PASSES) | set(OUTSIDE) == set(ROLES)
    for who, rows in PASSES.items():
        assert set(rows) <= (OF_CUSTOMERS if who in CUSTOMERS else OF_AGENTS)
