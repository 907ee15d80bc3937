"""What a record says about a purpose is what the policy file says, and nothing where the file says nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.policies import edited
from tests.support.saved_receipts import POLICY

from sotto_keys.shared.policy.projections import purpose_digest
from sotto_keys.shared.policy.reading import notice_of, purpose_of, read_policy
from sotto_keys.shared.record.processing import About, named, parties_of, processing_of
from sotto_keys.shared.record.shape import Party, WithdrawalMethod
from sotto_keys.shared.text_forms import digest_of

if TYPE_CHECKING:
    from sotto_keys.shared.record.shape import Processing

AI_LLM = 'recipients = ["llm"]'


def about(
    purpose: str = "ai_assistant",
    *,
    notice: str | None = None,
    octets: bytes = POLICY,
    language: str | None = "en",
    desk: str = "support",
) -> About:
    policy = read_policy(octets)
    found, words = purpose_of(policy, purpose), notice_of(policy, notice or purpose)
    assert found is not None
    assert words is not None
    return About(
        org="kettle",
        desk=desk,
        policy=policy,
        policy_digest=digest_of(octets),
        purpose=found,
        notice=words,
        language=language,
        notice_digest=digest_of(b"the words"),
    )


def told(*replacing: str, purpose: str = "ai_assistant", notice: str | None = None) -> Processing:
    return processing_of(about(purpose, notice=notice, octets=edited(*replacing)))


def test_the_assistant_s_purpose_is_told_as_the_policy_has_it() -> None:
    record = told()
    assert [(each.id, each.purpose_type) for each in record.purposes] == [("ai_assistant", "dpv:CustomerCare")]
    assert (record.automated, record.retention_period, record.processing_method) == (True, "P0D", ["dpv:Use"])
    (pii,) = record.pii_information
    assert (pii.pii_type, pii.dpv, pii.pii_optional, pii.special_pii_category) == (
        "message_content",
        "pd:Communication",
        False,
        False,
    )
    assert (record.pii_controllers, record.recipient_third_parties) == (["kettle"], ["llm"])
    assert (record.lawful_basis, record.jurisdiction) == ("eu-gdpr:A6-1-a", "loc:EU")
    assert (record.impact_assessment, record.authority_party) == ("DPIA-2026-01", "authority")
    policy = read_policy(POLICY)
    assert record.purpose_digest == named(purpose_digest(policy, about().purpose))
    assert record.policy_digest == named(digest_of(POLICY))


def test_the_notice_is_told_by_its_version_its_words_and_the_page_of_this_policy() -> None:
    page = f"/privacy/v/{digest_of(POLICY).hex()}"
    notice = told().privacy_notice
    assert (notice.id, notice.version, notice.digest) == ("ai_assistant", 2, named(digest_of(b"the words")))
    assert (notice.uri, notice.dpv) == (page, "dpv:ConsentNotice")
    withdraw = told().withdrawal_method
    assert withdraw is not None
    assert withdraw.uri == page
    assert withdraw.in_chat.startswith("You can take this back at any time")


def test_the_texts_are_in_the_language_of_the_words() -> None:
    german = processing_of(about(language="de"))
    assert german.language == "de"
    assert german.purposes[0].label == "Ein KI-Assistent darf mitlesen und Antworten entwerfen"
    assert german.service == "Kettle & Cup Ltd: Kundendienst"
    assert german.withdrawal_method != told().withdrawal_method


def test_where_the_language_is_not_known_the_policy_s_own_is_used_and_none_is_claimed() -> None:
    unknown = processing_of(about(language=None))
    assert unknown.language is None
    assert unknown.purposes == told().purposes


def test_a_language_without_words_of_the_product_has_the_english_sentence() -> None:
    spanish = processing_of(about(language="es-CU"))
    assert spanish.withdrawal_method == WithdrawalMethod(
        in_chat=told().withdrawal_method.in_chat,  # type: ignore[union-attr]
        uri=spanish.privacy_notice.uri,
    )


def test_a_desk_that_the_policy_does_not_name_keeps_its_short_name() -> None:
    assert processing_of(about(desk="cellar")).service == "Kettle & Cup Ltd: cellar"


def test_the_start_is_not_withdrawn_but_closed() -> None:
    assert told(purpose="support", notice="start").withdrawal_method is None


def test_ciphertext_lies_with_whoever_carries_the_chat_and_the_reader_of_a_purpose_reads_elsewhere() -> None:
    record = told()
    assert record.storage_locations == ["loc:FI"]
    assert record.processing_locations == record.geographic_restrictions == ["loc:DE", "loc:FI"]
    mailed = told(purpose="transcript_email")
    assert mailed.storage_locations == ["loc:DE", "loc:FI"]
    assert told(purpose="quality_review").processing_locations == ["loc:FI"]


def test_a_relay_of_one_s_own_stores_nowhere_that_the_policy_names() -> None:
    alone = told('recipients = ["hosting"]', "recipients = []")
    assert (alone.storage_locations, alone.processing_locations) == ([], ["loc:DE"])


@pytest.mark.parametrize(
    ("basis", "term", "rights"),
    [
        ("consent", "A6-1-a", "A7-3 A15 A16 A17 A18 A20 A77"),
        ("contract", "A6-1-b", "A15 A16 A17 A18 A20 A77"),
        ("legal_obligation", "A6-1-c", "A15 A16 A17 A18 A77"),
        ("legitimate_interests", "A6-1-f", "A15 A16 A17 A18 A21 A77"),
    ],
)
def test_the_rights_are_those_of_the_basis(basis: str, term: str, rights: str) -> None:
    record = told('lawful_basis = "contract"', f'lawful_basis = "{basis}"', purpose="support", notice="start")
    assert record.lawful_basis == f"eu-gdpr:{term}"
    assert record.privacy_rights == [f"eu-gdpr:{each}" for each in rights.split()]


def test_a_basis_that_the_product_does_not_know_is_not_told() -> None:
    record = told('lawful_basis = "contract"', 'lawful_basis = "vital_interests"', purpose="support", notice="start")
    assert (record.lawful_basis, record.privacy_rights) == (None, [])


def test_under_no_european_profile_no_european_term_is_used() -> None:
    record = told('"eu-gdpr@2026.10", ', "", 'default = "eu-gdpr"', 'default = "us-ca-ccpa"')
    assert (record.lawful_basis, record.jurisdiction, record.privacy_rights) == ("dpv:Consent", "loc:US-CA", [])


def test_a_law_that_nobody_here_knows_has_no_place() -> None:
    assert told('default = "eu-gdpr"', 'default = "br-lgpd"').jurisdiction is None


def test_what_is_special_is_sensitive() -> None:
    (pii,) = told("special = false", "special = true").pii_information
    assert (pii.sensitive_pii_category, pii.special_pii_category) == (True, True)


def test_what_a_customer_need_not_give_is_optional() -> None:
    record = told(purpose="support", notice="start")
    optional = {each.pii_type for each in record.pii_information if each.pii_optional}
    assert optional == {"attachment", "contact", "order_ref"}


def test_only_what_all_comes_from_the_customer_is_said_to() -> None:
    assert told().collection_method == "dpv:DataSubjectDataSource"
    assert told("e2ee = true", "e2ee = false").collection_method is None


@pytest.mark.parametrize(
    ("days", "period"),
    [("max_days = 30\n", "P30D"), ("", None)],
)
def test_what_is_kept_is_stored_until_its_end_if_it_has_one(days: str, period: str | None) -> None:
    record = told("max_days = 0\n", days)
    assert (record.retention_period, record.processing_method) == (period, ["dpv:Use", "dpv:Store"])


def test_a_class_that_the_policy_does_not_have_sets_no_end() -> None:
    assert told('retention = "none"', 'retention = "somewhere"').retention_period is None


def test_a_purpose_that_no_assessment_covers_names_none() -> None:
    assert told(', "ai_assistant"]\nresidual_risk', "]\nresidual_risk").impact_assessment is None


def test_the_parties_are_the_controller_the_recipients_and_the_authority() -> None:
    assert parties_of(about()) == [
        Party(
            party_id="kettle",
            party_role="dpv:DataController",
            party_name="Kettle & Cup Ltd",
            party_address="1 Quay St, Cork, T12 AB34, Ireland",
            party_contact="privacy@kettle.example",
            party_phone="+353 21 555 0100",
            party_type="legal_entity",
        ),
        # The policy has no contact of a recipient, and no address of an authority: none is made up.
        Party(
            party_id="llm",
            party_role="dpv:DataProcessor",
            party_name="Example Inference GmbH",
            party_address="DE",
            party_type="legal_entity",
        ),
        Party(
            party_id="authority",
            party_role="dpv:Authority",
            party_name="Data Protection Commission (IE)",
            party_contact="https://www.dataprotection.ie",
            party_type="authority",
        ),
    ]


def test_who_decides_together_is_a_controller_too() -> None:
    shared = edited('id = "llm"\nname = "Example Inference GmbH"\nrole = "processor"', JOINT)
    assert processing_of(about(octets=shared)).pii_controllers == ["kettle", "llm"]
    assert parties_of(about(octets=shared))[1].party_role == "dpv:JointDataControllers"


JOINT = 'id = "llm"\nname = "Example Inference GmbH"\nrole = "joint_controller"'
REPRESENTATIVE = 'eu_representative = { name = "Stellvertreter", address = "Bonn", contact = "eu@kettle.example" }'


def test_a_representative_stands_beside_the_controller() -> None:
    octets = edited("authority = {", f"{REPRESENTATIVE}\nauthority = {{")
    (party,) = [each for each in parties_of(about(octets=octets)) if each.party_id == "eu_representative"]
    assert (party.party_role, party.party_name, party.party_address) == ("dpv:Representative", "Stellvertreter", "Bonn")


def test_a_controller_that_names_no_authority_has_none() -> None:
    line = next(each for each in POLICY.decode().splitlines() if each.startswith("authority = "))
    alone = about(octets=edited(line, ""))
    assert processing_of(alone).authority_party is None
    assert "dpv:Authority" not in [each.party_role for each in parties_of(alone)]
