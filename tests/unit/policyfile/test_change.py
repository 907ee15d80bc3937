"""From one policy to the next: who is asked again, who is told, and which edits no new file may make."""

from __future__ import annotations

import pytest
from tests.support.policies import EXAMPLE, edited

from sotto_keys.shared.policy.reading import read_policy
from sotto_server.domain.policy_change import Effect, PolicyChange, change_between

TRANSCRIPT = '"Dieses Gespräch aufbewahren" }\nlawful_basis = "consent"'
TRANSCRIPT_PURPOSE = '[[purposes]]\nid = "transcript"\ndpv = "dpv:RecordManagement"'
ON_CONTRACT = TRANSCRIPT.replace("consent", "contract")
START_NEXT = ("version = 4\nmaterial = 4", "version = 5\nmaterial = 5")


def change(*replace: str, old: bytes = EXAMPLE) -> PolicyChange:
    return change_between(read_policy(old), read_policy(edited(*replace)))


def effect(purpose: str, *replace: str) -> Effect:
    return next(each.effect for each in change(*replace).purposes if each.purpose == purpose)


@pytest.mark.parametrize(
    ("purpose", "replace", "expected"),
    [
        ("ai_assistant", ("max_days = 0", "max_days = 30"), Effect.ASK_AGAIN),
        ("transcript", ('country = "FI"', 'country = "US"'), Effect.ASK_AGAIN),
        ("support", ('lawful_basis = "contract"', 'lawful_basis = "consent"'), Effect.ASK_AGAIN),
        ("support", ('country = "FI"', 'country = "US"'), Effect.TELL),
        ("security", ('name = "Kettle & Cup Ltd"', 'name = "Pot Ltd"'), Effect.TELL),
        ("transcript", ("Keep this conversation for later", "Keep this chat for later"), Effect.TELL),
        ("quality_review", ("Data Protection Commission (IE)", "Another authority"), Effect.TELL),
        ("transcript", ("\nmax_days = 90", "\nmax_days = 60"), Effect.NOTHING),
        ("transcript_email", ('recipients = ["mail"]', "recipients = []"), Effect.NOTHING),
        ("transcript", (TRANSCRIPT, ON_CONTRACT), Effect.FORBIDDEN),
    ],
)
def test_a_change_asks_of_people_what_the_table_says(purpose: str, replace: tuple[str, ...], expected: Effect) -> None:
    assert effect(purpose, *replace) is expected


@pytest.mark.parametrize(
    "replace",
    [
        ("contract_expires = 2027-12-01", "contract_expires = 2029-12-01"),
        ('phone = "+353 21 555 0100"', 'phone = "+353 21 555 0199"'),
        ("required_version = 3", "required_version = 4"),
        ("review_due = 2027-05-01", "review_due = 2028-05-01"),
    ],
)
def test_what_bears_on_no_purpose_is_a_line_in_the_changelog(replace: tuple[str, str]) -> None:
    found = change(*replace)
    assert found.purposes == ()
    assert found.findings == ()
    assert len(found.tables) == 1


def test_new_and_removed_purposes_are_named() -> None:
    renamed = change('[[purposes]]\nid = "security"', '[[purposes]]\nid = "safety"')
    assert [(each.purpose, each.effect, each.widened) for each in renamed.purposes] == [
        ("safety", Effect.TELL, ("purpose_added",)),
        ("security", Effect.NOTHING, ("purpose_removed",)),
    ]
    asked = change('[[purposes]]\nid = "quality_review"', '[[purposes]]\nid = "coaching"')
    assert asked.purposes[0].effect is Effect.NOTHING, "who must be asked is asked when it is needed"


FORBIDDEN: tuple[tuple[str, tuple[str, ...]], ...] = (
    # another basis for what people could refuse, also under another name
    ("E026", (TRANSCRIPT, ON_CONTRACT)),
    ("E026", (TRANSCRIPT_PURPOSE, TRANSCRIPT_PURPOSE.replace('"transcript"', '"archive"'), TRANSCRIPT, ON_CONTRACT)),
    (
        "E026",
        (
            TRANSCRIPT_PURPOSE,
            TRANSCRIPT_PURPOSE.replace('"transcript"', '"archive"'),
            "Keep this conversation for later",
            "Archive",
            TRANSCRIPT.partition('"')[0] + '"Dieses Gespräch aufbewahren" }\nlawful_basis = "consent"',
            '"Archiv" }\nlawful_basis = "contract"',
        ),
    ),
    # what is kept already keeps its date
    ("E036", ("\nmax_days = 90", "\nmax_days = 91")),
    ("E036", ("\nmax_days = 90", "\nmax_days = 91\nsince = 2026-11-23")),
    ("E036", ("\nmax_days = 90\n", "\n")),
    ("E036", ('clock = "event"\naction = "crypto_erase"', 'clock = "last_message"\naction = "crypto_erase"')),
    ("E036", ('clock = "last_message"', 'clock = "conversation_closed"')),
    # words and their versions
    ("E073", ("version = 4\nmaterial = 4", "version = 3\nmaterial = 3")),
    ("E073", ("You'll be talking to", "You will be talking to")),
    ("E073", ("Why: {purposes}", "What for: {purposes}")),
    ("E073", ('name = "Kettle & Cup Ltd"', 'name = "Pot Ltd"')),
    ("E073", ("max_days = 0", "max_days = 30")),
    ("E073", ("version = 4\nmaterial = 4", "version = 5\nmaterial = 4", 'country = "FI"', 'country = "US"')),
)


@pytest.mark.parametrize(("code", "replace"), FORBIDDEN, ids=lambda part: str(part)[:60])
def test_an_edit_that_no_new_file_may_make_is_refused(code: str, replace: tuple[str, ...]) -> None:
    assert code in {each.code for each in change(*replace).findings}


@pytest.mark.parametrize(
    "replace",
    [
        ("\nmax_days = 90", "\nmax_days = 60"),
        (
            "\nmax_days = 90",
            "\nmax_days = 120\nsince = 2026-11-24",
            "version = 1\nmaterial = 1",
            "version = 2\nmaterial = 2",
        ),
        ('clock = "last_message"', 'clock = "event"'),
        (*START_NEXT, "You'll be talking to", "You will be talking to"),
        (*START_NEXT, "version = 1\nmaterial = 1", "version = 2\nmaterial = 2", 'country = "FI"', 'country = "SE"'),
        ('[[notices]]\nid = "quality_review"', '[[notices]]\nid = "coaching"'),
    ],
)
def test_an_edit_that_tells_what_it_does_may_follow(replace: tuple[str, ...]) -> None:
    assert change(*replace).findings == ()


def test_a_purpose_that_a_chat_needs_from_now_on_makes_the_start_notice_a_new_one() -> None:
    needed = 'id = "quality_review"\ndpv = "dpv:ImproveInternalCRMProcesses"'
    old = edited(f"[[purposes]]\n{needed}", "[[purposes]]\n" + needed.replace("quality_review", "older"))
    found = change_between(
        read_policy(old),
        read_policy(
            edited(
                'lawful_basis = "consent"\nrequired_for_chat = false',
                'lawful_basis = "consent"\nrequired_for_chat = true',
            )
        ),
    )
    assert any(each.path == "notices.start.material" for each in found.findings)


def test_the_same_file_changes_nothing() -> None:
    found = change()
    assert (found.purposes, found.tables, found.findings) == ((), (), ())
