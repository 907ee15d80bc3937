"""The demo's policy in both languages: projections, notices, and edits with what they widen (privacy rules: who is asked again)."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from sotto_keys.shared.policy.notice_text import notice_text
from sotto_keys.shared.policy.projections import purpose_projection
from sotto_keys.shared.policy.reading import purpose_of, read_policy
from sotto_keys.shared.policy.widened import meaning_of, widened
from sotto_keys.shared.text_forms import digest_of

EXAMPLE: Final = Path(__file__).parents[2] / "demo" / "policy.example.toml"


class Edit(NamedTuple):
    """Text replaced in the example, everywhere it stands, and how it changes one purpose."""

    why: str
    purpose: str
    replace: tuple[tuple[str, str], ...]
    widened: tuple[str, ...]


_AI: Final = 'categories = ["message_content"]\nrecipients = ["llm"]\nretention = "none"'
EDITS: Final = (
    Edit("another controller", "support", (('name = "Kettle & Cup Ltd"', 'name = "Pot & Pan Ltd"'),), ("controller",)),
    Edit("another legal person of the same name", "support", (('"IE 612345"', '"IE 999999"'),), ("controller",)),
    Edit(
        "another purpose term",
        "quality_review",
        (("ImproveInternalCRMProcesses", "ServiceOptimisation"),),
        ("purpose",),
    ),
    Edit(
        "from contract to consent",
        "support",
        (('lawful_basis = "contract"', 'lawful_basis = "consent"'),),
        ("basis",),
    ),
    Edit(
        "from consent to contract",
        "transcript",
        (
            (
                '"Dieses Gespräch aufbewahren" }\nlawful_basis = "consent"',
                '"Dieses Gespräch aufbewahren" }\nlawful_basis = "contract"',
            ),
        ),
        ("basis",),
    ),
    Edit(
        "a category more",
        "ai_assistant",
        ((_AI, _AI.replace('["message_content"]', '["message_content", "attachment"]')),),
        ("category attachment",),
    ),
    Edit(
        "what was optional is needed",
        "support",
        (
            (
                'optional_categories = ["attachment", "contact", "order_ref"]',
                'optional_categories = ["attachment", "contact"]',
            ),
        ),
        ("category_needed order_ref",),
    ),
    Edit(
        "a category became special",
        "transcript",
        (("special = false", "special = true"),),
        ("category_special attachment", "category_special message_content"),
    ),
    Edit(
        "a category lost its encryption",
        "quality_review",
        (("e2ee = true", "e2ee = false"),),
        ("category_open message_content",),
    ),
    Edit(
        "a recipient more",
        "ai_assistant",
        ((_AI, _AI.replace('["llm"]', '["llm", "hosting"]')),),
        ("recipient hosting",),
    ),
    Edit(
        "a recipient in another country",
        "support",
        (('country = "FI"', 'country = "US"'),),
        ("recipient_changed hosting",),
    ),
    Edit(
        "a recipient in another role",
        "transcript_email",
        (('name = "Posteo e.K."\nrole = "processor"', 'name = "Posteo e.K."\nrole = "third_party"'),),
        ("recipient_changed mail",),
    ),
    Edit(
        "a recipient that can read now",
        "support",
        (('sees = "ciphertext_and_metadata"', 'sees = "plaintext"'),),
        ("recipient_plaintext hosting",),
    ),
    Edit("kept longer", "ai_assistant", (("max_days = 0", "max_days = 30"),), ("kept_longer",)),
    Edit("kept without an end", "ai_assistant", (("max_days = 0\n", ""),), ("kept_longer",)),
    Edit(
        "a machine more",
        "quality_review",
        (('dpv = "dpv:ImproveInternalCRMProcesses"', 'dpv = "dpv:ImproveInternalCRMProcesses"\nautomated = true'),),
        ("automated",),
    ),
    Edit(
        "several at once",
        "ai_assistant",
        ((_AI, _AI.replace("none", "metadata").replace('"]\nrec', '", "contact"]\nrec')),),
        ("category contact", "kept_longer"),
    ),
    Edit("nothing", "support", (), ()),
    Edit("other words for the same", "support", (("Answer your question", "Answer what you ask"),), ()),
    Edit("a category fewer", "transcript", (('"message_content", "attachment"]', '"message_content"]'),), ()),
    Edit("a recipient fewer", "transcript_email", (('recipients = ["mail"]', "recipients = []"),), ()),
    Edit("kept for a shorter time", "transcript", (("max_days = 90", "max_days = 30"),), ()),
    Edit("a renewed contract", "support", (("contract_expires = 2027-12-01", "contract_expires = 2029-12-01"),), ()),
    Edit("another contact", "support", (("privacy@kettle.example", "data@kettle.example"),), ()),
    Edit("a reviewed assessment", "support", (("review_due = 2027-10-05", "review_due = 2028-10-05"),), ()),
    Edit("a newer training", "support", (("required_version = 3", "required_version = 4"),), ()),
    Edit(
        "another kind of basis without consent",
        "support",
        (('lawful_basis = "contract"', 'lawful_basis = "legal_obligation"'),),
        (),
    ),
    Edit(
        "what was needed is optional",
        "transcript",
        (
            (
                'categories = ["message_content", "attachment"]',
                'categories = ["message_content", "attachment"]\noptional_categories = ["attachment"]',
            ),
        ),
        (),
    ),
)


def edited(edit: Edit) -> bytes:
    """The example with the edit made; each text must be there."""
    text = EXAMPLE.read_text(encoding="utf-8")
    for before, after in edit.replace:
        assert before in text, before
        text = text.replace(before, after)
    return text.encode()


def policy_vectors() -> dict[str, list[dict[str, object]]]:
    """What the browser must compute too."""
    policy = read_policy(EXAMPLE.read_bytes())
    return {
        "purposes": [
            {
                "id": each.id,
                "projection": purpose_projection(policy, each).decode(),
                "digest": digest_of(purpose_projection(policy, each)).hex(),
            }
            for each in policy.purposes
        ],
        "notices": [_notice(each.id, language) for each in policy.notices for language in policy.languages.available],
        "edits": [
            {
                "why": edit.why,
                "purpose": edit.purpose,
                "replace": [list(pair) for pair in edit.replace],
                "widened": list(found_in(edit)),
            }
            for edit in EDITS
        ],
    }


def found_in(edit: Edit) -> tuple[str, ...]:
    """What this product finds widened."""
    old, new = read_policy(EXAMPLE.read_bytes()), read_policy(edited(edit))
    before, after = purpose_of(old, edit.purpose), purpose_of(new, edit.purpose)
    assert before is not None
    assert after is not None
    return widened(meaning_of(old, before), meaning_of(new, after))


def _notice(notice: str, language: str) -> dict[str, object]:
    text = notice_text(read_policy(EXAMPLE.read_bytes()), notice, desk="support", language=language)
    return {
        "notice": notice,
        "language": language,
        "first": list(text.first),
        "more": list(text.more),
        "digest": text.digest.hex(),
    }
