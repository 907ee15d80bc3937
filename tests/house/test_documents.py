"""What the pages say is what the code does, and what nobody may claim is claimed nowhere."""

from __future__ import annotations

import re
from typing import Final

from tests.house.tracked import ROOT, name, texts

from sotto_wire.codes import Close, Code
from sotto_wire.refusals import BY_CODE

PROTOCOL: Final = (ROOT / "docs" / "protocol.md").read_text()
# Words that promise more than anybody can keep. "first" is a claim only where it praises.
NEVER: Final = re.compile(
    r"\bcomplian(?:t|ce)\b|\banonymous(?:ly)?\b|\bzero[- ]knowledge\b|\bwe can(?:no|'|’)t read\b|\bimmutabl[ey]\b"
    r"|\bdeleted everywhere\b|\b(?:world's|the|our industry's) first (?:ever|secure|chat|messaging|end)|\bmilitary[- ]grade\b"
    r"|\bunbreakable\b|\b100 ?% secure\b",
    re.IGNORECASE,
)
# Where a word is not a claim: the page that lists them, and words with a technical meaning.
MAY_SAY: Final = {
    ("docs/protocol.md", "immutable"): "HTTP caching: the bytes behind a versioned address do not change",
    ("docs/architecture.md", "immutable"): "as in docs/protocol.md",
}
SPOKEN: Final = (
    "README.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "docs/",
    "client_web/src/i18n/",
    "client_web/src/ui/",
)


def test_every_refusal_code_is_explained_in_the_protocol() -> None:
    assert [code for code in Code if not re.search(rf"^\| `{code}` \|", PROTOCOL, re.MULTILINE)] == []


def test_the_protocol_explains_no_code_that_does_not_exist() -> None:
    table = PROTOCOL.split("### 4.3 Codes")[1].split("\nClose codes")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(Code)


def test_every_close_code_is_explained_in_the_protocol() -> None:
    assert [code for code in Close if str(code.value) not in PROTOCOL] == []


def test_every_code_has_its_refusal() -> None:
    assert set(BY_CODE) == set(Code)


def test_nothing_is_claimed_that_nobody_can_keep() -> None:
    spoken = [path for path in texts() if name(path).startswith(SPOKEN) or path.name == "README.md"]
    found = {(name(path), hit.lower()) for path in spoken for hit in NEVER.findall(path.read_text())}
    assert found - set(MAY_SAY) == set()


def test_links_between_our_pages_lead_somewhere() -> None:
    pages = [path for path in texts() if path.suffix == ".md"]
    links = ((page, target) for page in pages for target in re.findall(r"\]\((?!\w+:|#)([^)#\s]+)", page.read_text()))
    assert [(name(page), target) for page, target in links if not (page.parent / target).exists()] == []
