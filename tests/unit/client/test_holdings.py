"""What a relay says it holds, page after page, and one that does not say it straight."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from tests.support.quiet_relay import QuietRelay

from sotto_client.holdings import ask_holdings
from sotto_wire.frames import HeldColumn, HeldTable, Holdings, ShowHoldings
from sotto_wire.ids import ConversationId
from sotto_wire.refusals import BadFrame

if TYPE_CHECKING:
    from collections.abc import Callable

    from sotto_wire.frames import Frame, FromRelay

NAME = ConversationId(bytes(16))


@dataclass
class Holder(QuietRelay):
    """Shows these pages, and the last one for ever."""

    pages: list[Holdings] = field(default_factory=list)

    async def ask(self, request: Callable[[int], Frame]) -> FromRelay:
        self.asked.append(request(1))
        return self.pages.pop(0) if len(self.pages) > 1 else self.pages[0]


def page(*rows: list[str], left: int) -> Holdings:
    columns = [HeldColumn(name="seq", about="its place"), HeldColumn(name="kind", about="what it is")]
    return Holdings(ref=1, tables=[HeldTable(name="envelope", about="", columns=columns, rows=[*rows])], left=left)


async def test_pages_follow_each_other_from_where_the_last_ended() -> None:
    relay = Holder(pages=[page(["1", "commit"], left=1), page(["2", "message"], left=0)])
    rows = await ask_holdings(relay, NAME)  # type: ignore[arg-type] # it stands where a link stands
    assert [each.fields["kind"] for each in rows] == ["commit", "message"]
    assert [each.after for each in relay.asked if isinstance(each, ShowHoldings)] == [0, 1]


@pytest.mark.parametrize("lie", [page(left=1), page(["1"], left=0), page(["1", "commit", "more"], left=0)])
async def test_more_that_never_comes_and_rows_that_do_not_fit_are_refused(lie: Holdings) -> None:
    relay = Holder(pages=[lie])
    with pytest.raises(BadFrame):
        await ask_holdings(relay, NAME)  # type: ignore[arg-type] # it stands where a link stands
    assert len(relay.asked) == 1
