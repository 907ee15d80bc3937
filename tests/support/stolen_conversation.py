"""Somebody with a key of their own who puts a group in the place of another customer's next one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec.structs import replace

from sotto_cli.demo.places import DESK, SITE
from sotto_client import Page, device, opening
from sotto_client.customer import system_now
from sotto_client.keeping_open import counts_until
from sotto_client.next_group import make_next_group
from sotto_client.opening import make_group, parse_customer_record
from sotto_client.store import DeviceStore
from sotto_client.stored_conversation import rows_of
from sotto_keys.shared.decision import sign_decision
from sotto_keys.shared.secret import SecretSigningKey
from sotto_wire.claims import DecisionClaims
from sotto_wire.codec import decode_claims

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.programs import Programs

    from sotto_client import Customer
    from sotto_client.opening import Made


async def steal(programs: Programs, name: str, *, victim: Customer, names_the_victim: bool) -> Customer:
    """The thief begins honestly, and then makes group 2 of the victim's conversation with a line that they signed themselves.

    `names_the_victim`: the line says that the victim's key signed it.
    """
    honest = await programs.customer(name)
    await honest.close()
    await honest.stop()
    honest = await programs.customer(name)
    await honest.stop()
    _put_into(programs.folder / name, victim=victim, page=_page(programs), names_the_victim=names_the_victim)
    return await programs.customer(name)


def _page(programs: Programs) -> Page:
    return Page(site=SITE, desk=DESK, root=programs.root, origin=programs.town.shop_url)


def _put_into(state: Path, *, victim: Customer, page: Page, names_the_victim: bool) -> None:
    store = DeviceStore.open(state)
    record = parse_customer_record(store.load(opening.RECORD) or b"")
    thief, new = (SecretSigningKey(os.urandom(device.SEED_BYTES)) for _ in range(2))
    claims = decode_claims(record.start.claims, DecisionClaims)
    aimed = replace(claims, conversation=victim.conversation.id, customer_key=thief.public)
    stolen = replace(record, conversation=victim.conversation.id, start=sign_decision(aimed, thief), group_info=None)
    now = system_now()
    until = counts_until(stolen.start, ())
    made = make_next_group(page, stolen, epoch=1, until=until, old=thief, new=new, now=now, entropy=os.urandom)
    if names_the_victim:
        made = _under_the_victims_name(page, made, victim=victim, new=new)
    rows = {opening.RECORD: made.record.to_bytes(), device.RECORD: new.reveal_seed()}
    store.save({**rows_of(made.conversation, before=None), **rows})
    store.close()


def _under_the_victims_name(page: Page, made: Made, *, victim: Customer, new: SecretSigningKey) -> Made:
    chain = [replace(line, customer_key=victim.conversation.terms.customer_key) for line in made.record.chain]
    return make_group(page, made.record.start, chain=chain, key=new, entropy=os.urandom)
