from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from sotto_server.policyfile.load import PolicyFault, load_policy, paragraphs, policy_digest

EXAMPLE: Final = (Path(__file__).parents[3] / "demo" / "policy.example.toml").read_bytes()


def changed(before: str, after: str) -> bytes:
    text = EXAMPLE.decode()
    assert before in text
    return text.replace(before, after).encode()


def findings(octets: bytes) -> str:
    with pytest.raises(PolicyFault) as caught:
        load_policy(octets)
    return "; ".join(caught.value.findings)


def test_the_example_is_a_policy() -> None:
    policy = load_policy(EXAMPLE)
    assert policy.controller.name == "Kettle & Cup"
    assert [each.id for each in policy.desks] == ["support"]


def test_the_notice_names_controller_and_desk_paragraph_by_paragraph() -> None:
    shown = paragraphs(load_policy(EXAMPLE), desk="support", language="en")
    assert shown[0] == "You'll be talking to Kettle & Cup."
    assert "one person from the Support desk" in shown[1]
    assert len(shown) == 3


def test_a_policy_is_named_by_its_bytes() -> None:
    assert policy_digest(EXAMPLE) != policy_digest(EXAMPLE + b"\n")


@pytest.mark.parametrize(
    ("before", "after", "finding"),
    [
        ("environment =", "enviroment =", "enviroment"),
        ('schema = "sotto-privacy/1"', 'schema = "sotto-privacy/2"', "schema"),
        ("max_days = 7", "max_days = 3", "7 days"),
        ("max_days = 7", "max_days = -1", "max_days"),
        ('retention = "envelope"', 'retention = "for_ever"', "for_ever"),
        ("{desk} desk", "{who} desk", "{who}"),
        ("{desk} desk", "{desk desk", "unbalanced"),
        ('id = "start"', 'id = "begin"', "no notice to start with"),
        ("material = 1", "material = 2", "material is newer"),
        ('label = { en = "Support" }', 'label = { de = "Hilfe" }', "desks.support: languages"),
        ('default = "en"', 'default = "de"', "languages.default"),
        ("effective = 2026-11-24T00:00:00Z", "effective = 2026-11-24T00:00:00", "without a zone"),
        ("[retention.envelope]", "[retention.other]", "no class envelope"),
        ('lawful_basis = "contract"', 'lawful_basis = "because"', "lawful_basis"),
        ("[controller]", "[controller", "Expected"),
    ],
)
def test_what_is_wrong_with_a_policy_is_said(before: str, after: str, finding: str) -> None:
    assert finding in findings(changed(before, after))


def test_a_desk_stands_once() -> None:
    assert "desks: support twice" in findings(EXAMPLE + b'\n[[desks]]\nid = "support"\nlabel = { en = "Again" }\n')


def test_bytes_that_are_no_text_are_no_policy() -> None:
    assert findings(b"\xff\xfe")
    assert findings(b"#" * 300_000)
