"""What a certified agent might do that the closed list forbids, each a well-made commit, and the code of whoever refuses it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import msgspec
from tests.support.imposters import CarelessOfficer, Imposter, now_ms

from sotto_cli.demo.places import DESK
from sotto_keys.ceremony.issue import Grant
from sotto_keys.device.mls.create_group import group_extensions
from sotto_keys.shared.mls.group_terms import read_terms
from sotto_keys.shared.mls.leaf_node import basic_credential
from sotto_wire.codec import encode_claims

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from tests.support.demo_town import Town
    from tests.support.rogue_agent import RogueAgent

    from sotto_wire.frames import Committed

    Break = Callable[[RogueAgent, Town], Coroutine[object, object, Committed]]

CUSTOMER_LEAF: Final = 0
BOSS: Final = Grant(name="The Boss", roles=("agent",), desks=(DESK,), kind="human", days=1)


async def removes_the_customer(rogue: RogueAgent, _: Town) -> Committed:
    return await rogue.commit(remove=[CUSTOMER_LEAF])


async def adds_a_stranger(rogue: RogueAgent, _: Town) -> Committed:
    stranger = Imposter.new().key_package(b"a stranger").public
    return await rogue.commit(add=[stranger], decision=rogue.start)


async def adds_a_colleague_without_the_decision(rogue: RogueAgent, town: Town) -> Committed:
    colleague = Imposter.new()
    _, identity = CarelessOfficer.of(town.places).certify(colleague, grant=BOSS)
    return await rogue.commit(add=[colleague.key_package(identity).public])


async def adds_a_bot_under_the_decision(rogue: RogueAgent, town: Town) -> Committed:
    bot = Imposter.new()
    _, identity = CarelessOfficer.of(town.places).certify(bot, grant=replace(BOSS, kind="bot"))
    return await rogue.commit(add=[bot.key_package(identity).public], decision=rogue.start)


async def adds_somebody_of_another_desk(rogue: RogueAgent, town: Town) -> Committed:
    other = Imposter.new()
    _, identity = CarelessOfficer.of(town.places).certify(other, grant=replace(BOSS, desks=("billing",)))
    return await rogue.commit(add=[other.key_package(identity).public], decision=rogue.start)


async def changes_its_face(rogue: RogueAgent, town: Town) -> Committed:
    _, identity = CarelessOfficer.of(town.places).certify(rogue.device, grant=BOSS)
    face = replace(rogue.own_leaf, credential=basic_credential(identity))
    return await rogue.commit(as_member=rogue.with_face(face))


async def changes_the_terms(rogue: RogueAgent, _: Town) -> Committed:
    assert rogue.member is not None
    terms = msgspec.structs.replace(read_terms(rogue.member.group.extensions), desk="billing")
    return await rogue.commit(extensions=group_extensions(encode_claims(terms)))


async def commits_in_the_past(rogue: RogueAgent, _: Town) -> Committed:
    return await rogue.commit(committed_at=now_ms() - 3600 * 1000)


BREAKS: Final[dict[str, tuple[Break, str]]] = {
    "removes the customer": (removes_the_customer, "commit_not_allowed"),
    "adds a stranger": (adds_a_stranger, "malformed"),
    "adds a colleague without the decision": (adds_a_colleague_without_the_decision, "commit_not_allowed"),
    "adds a bot under the decision": (adds_a_bot_under_the_decision, "not_admitted"),
    "adds somebody of another desk": (adds_somebody_of_another_desk, "not_admitted"),
    "changes its face": (changes_its_face, "commit_not_allowed"),
    "changes the terms": (changes_the_terms, "commit_not_allowed"),
    "commits in the past": (commits_in_the_past, "clock_skew"),
}
