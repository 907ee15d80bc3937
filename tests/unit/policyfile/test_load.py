from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from sotto_server.policyfile.load import PolicyFault, load_policy

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
    assert policy.controller.name == "Kettle & Cup Ltd"
    assert [each.id for each in policy.desks] == ["support"]


@pytest.mark.parametrize(
    ("before", "after", "finding"),
    [
        ("environment =", "enviroment =", "enviroment"),
        ('schema = "sotto-privacy/1"', 'schema = "sotto-privacy/2"', "schema"),
        ("max_days = 7", "max_days = 3", "7 days"),
        ("max_days = 7", 'max_days = "7"', "max_days"),
        ('retention = "envelope"', 'retention = "for_ever"', "for_ever"),
        ("{desk} desk", "{who} desk", "{who}"),
        ("{desk} desk", "{desk desk", "unbalanced"),
        ('id = "start"', 'id = "begin"', "no notice to start with"),
        ("material = 1", "material = 2", "material is newer"),
        ('label = { en = "Support", de', "label = { de", "desks.support: languages"),
        ('default = "en"', 'default = "fr"', "languages.default"),
        ("effective = 2026-11-24T00:00:00Z", "effective = 2026-11-24T00:00:00", "without a zone"),
        ("[retention.envelope]", "[retention.other]", "no class envelope"),
        ("[controller]", "[controller", "Expected"),
    ],
)
def test_what_is_wrong_with_a_policy_is_said(before: str, after: str, finding: str) -> None:
    assert finding in findings(changed(before, after))


def test_a_desk_stands_once() -> None:
    assert "desks: support twice" in findings(
        EXAMPLE + b'\n[[desks]]\nid = "support"\nlabel = { en = "Again", de = "Noch einmal" }\n'
    )


def test_bytes_that_are_no_text_are_no_policy() -> None:
    assert findings(b"\xff\xfe")
    assert findings(b"#" * 300_000)
