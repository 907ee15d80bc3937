"""The pages of `docs/` that are made from code: stages, and what the relay's database holds.

Run `python -m tests.support.generated_pages` after changing either; a test fails while they differ.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sotto_server.adapters.store.schema import metadata
from sotto_wire.handoffs import ACTS as HANDOFF_ACTS
from sotto_wire.handoffs import NEXT as HANDOFF_NEXT
from sotto_wire.handoffs import STANDINGS
from sotto_wire.questions import NEXT as MOVES
from sotto_wire.questions import Event, Standing
from sotto_wire.stages import NEXT, Act, Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from sotto_wire.handoffs import HandoffAct, HandoffStanding

DOCS: Final = Path(__file__).resolve().parents[2] / "docs"

STAGES: Final = {
    Stage.WAITING: "opened by the customer; nobody of the desk has taken it, or the last agent has left",
    Stage.LEFT: "nobody was there and the customer left a message for those on call; nobody has read it",
    Stage.PROPOSED: "an agent took it; the customer's device has not added that agent yet",
    Stage.ACTIVE: "an agent of the desk is a member",
    Stage.CLOSED: "over: nothing more is accepted; what is undelivered still goes out until it expires",
}
ACTS: Final = {
    Act.TAKE: "an agent takes it from the queue",
    Act.LEAVE: "the customer leaves a message for whoever is on call",
    Act.ADMIT: "a commit that adds a device is accepted",
    Act.ANSWER: "a device on call commits: it has read what was left, and answers",
    Act.COMMIT: "any other commit is accepted",
    Act.POST: "a message is accepted",
    Act.DESK_LEFT: "the agent on offer fell away, or the last agent was removed",
    Act.CONTINUE: "the customer's device opens the conversation's next group; its agent is on offer again",
    Act.CLOSE: "the customer ends it, an agent closes it, or its time is over",
}

HANDOFF_STANDINGS_MEAN: Final[dict[HandoffStanding, str]] = {
    "asked": "a colleague, or everybody of the desk who is there, may take it",
    "accepted": "a colleague's device took it; the giver's device has not added it yet",
    "declined": "who was asked said no",
    "lapsed": "nobody took it, or nobody was added, within two minutes",
    "gone": "the device that accepted fell away",
}
HANDOFF_ACTS_ARE: Final[dict[HandoffAct, str]] = {
    "accept": "a colleague takes it; of several the first",
    "decline": "who was asked, or has accepted, says no",
    "lapse": "two minutes have passed",
    "fall_away": "the credential of the device that accepted was revoked",
}


QUESTION_STANDINGS: Final = {
    Standing.NONE: "nobody asked",
    Standing.REQUESTED: "an agent asked, the customer has not answered",
    Standing.GIVEN: "the customer allowed it; the device is in the group",
    Standing.REFUSED: "the customer said no",
    Standing.DEFERRED: "the customer closed the question: not now",
    Standing.WITHDRAWN: "the customer ended it; the device is put out",
    Standing.EXPIRED: "nobody answered in time, or the time it was given for is over",
    Standing.INVALIDATED: "the policy widened what was decided",
}
QUESTION_EVENTS: Final = {
    Event.REQUEST: "an agent asks; signed by the relay",
    Event.GIVE: "a commit with the customer's yes is accepted",
    Event.REFUSE: "the customer's signed no",
    Event.DEFER: "the customer's signed not now",
    Event.WITHDRAW: "the customer's signed withdrawal, accepted in every stage",
    Event.EXPIRE: "time; stated by the relay, computed by clients for themselves",
    Event.INVALIDATE: "a wider policy; stated by the relay",
    Event.RENEW: "the customer's yes again",
}


def questions_table() -> list[str]:
    """Standings and events as one table; an empty cell is refused with `wrong_stage`."""
    lines = ["", "## A question to the customer", ""]
    lines += [
        "Generated from `wire/sotto_wire/questions.py`. There is no way from a no to a yes but a new question.",
        "",
    ]
    lines += ["| event \\ standing | " + " | ".join(Standing) + " |", "|---|" + "---|" * len(Standing)]
    for event in Event:
        cells = (MOVES.get((standing, event)) for standing in Standing)
        lines.append(f"| **{event}** | " + " | ".join(cell or "" for cell in cells) + " |")
    lines += ["", "| standing | means |", "|---|---|"]
    lines += [f"| {standing} | {QUESTION_STANDINGS[standing]} |" for standing in Standing]
    lines += ["", "| event | is |", "|---|---|"]
    lines += [f"| {event} | {QUESTION_EVENTS[event]} |" for event in Event]
    return lines


def states_page() -> str:
    """Stages and acts as one table; an empty cell is refused with `wrong_stage`."""
    lines = ["# States of a conversation", ""]
    lines += [
        "Generated from `wire/sotto_wire/stages.py`, which relay and clients share. What the table lacks is refused",
        "",
    ]
    lines[-2] += " (`wrong_stage`)."
    lines += ["| act \\ stage | " + " | ".join(Stage) + " |", "|---|" + "---|" * len(Stage)]
    for act in Act:
        cells = (NEXT.get((stage, act)) for stage in Stage)
        lines.append(f"| **{act}** | " + " | ".join(cell or "" for cell in cells) + " |")
    lines += ["", "| stage | means |", "|---|---|"]
    lines += [f"| {stage} | {STAGES[stage]} |" for stage in Stage]
    lines += ["", "| act | is |", "|---|---|"]
    lines += [f"| {act} | {ACTS[act]} |" for act in Act]
    return "\n".join([*lines, *_handoffs(), *questions_table()]) + "\n"


def _handoffs() -> list[str]:
    lines = ["", "## An offer to hand over", ""]
    lines += [
        "Generated from `wire/sotto_wire/handoffs.py`. The offer leaves when the giver takes it back or is removed, when an agent's Add",
        "is accepted (from then on the group itself knows that a handoff is open), and when the conversation closes.",
        "",
    ]
    lines += ["| act \\ standing | " + " | ".join(STANDINGS) + " |", "|---|" + "---|" * len(STANDINGS)]
    for act in HANDOFF_ACTS:
        cells = (HANDOFF_NEXT.get((standing, act)) for standing in STANDINGS)
        lines.append(f"| **{act}** | " + " | ".join(cell or "" for cell in cells) + " |")
    lines += ["", "| standing | means |", "|---|---|"]
    lines += [f"| {standing} | {means} |" for standing, means in HANDOFF_STANDINGS_MEAN.items()]
    lines += ["", "| act | is |", "|---|---|"]
    return lines + [f"| {act} | {means} |" for act, means in HANDOFF_ACTS_ARE.items()]


def inventory_page() -> str:
    """Every table and column, and what each is for."""
    lines = [
        "# What the relay's database holds",
        "",
        "Generated from `server/sotto_server/adapters/store/schema.py`; a test fails while they differ. There is no other",
        "table, and none has a name for a message's text: the relay holds ciphertext until it is delivered, for at most a week.",
        "Addresses of customers are held in memory only, for limits, and never written down.",
    ]
    for table in sorted(metadata.tables.values(), key=lambda each: each.name):
        lines += ["", f"## {table.name}", "", f"{table.comment}.", "", "| column | what it is for |", "|---|---|"]
        lines += [f"| {column.name} | {column.comment} |" for column in table.columns]
    return "\n".join(lines) + "\n"


PAGES: Final[dict[str, Callable[[], str]]] = {"states.md": states_page, "data-inventory.md": inventory_page}

if __name__ == "__main__":
    for page, render in PAGES.items():
        (DOCS / page).write_text(render())
