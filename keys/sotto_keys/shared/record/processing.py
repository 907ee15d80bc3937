"""What the policy file says about one purpose, named as in ISO/IEC TS 27560:2023 6.3.4 to 6.3.6. Who answered what is in `events`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sotto_keys.shared.policy.notice_text import PHRASES, START
from sotto_keys.shared.policy.projections import purpose_digest
from sotto_keys.shared.policy.reading import categories_of, desk_of, recipients_of, retention_of
from sotto_keys.shared.record.shape import (
    Party,
    PiiInformation,
    PrivacyNotice,
    Processing,
    PurposeTold,
    WithdrawalMethod,
)
from sotto_keys.shared.record.terms import EU, EU_BASES, EU_RIGHTS, JURISDICTIONS, OTHER_BASES, ROLES, duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sotto_keys.shared.policy.shape import Category, Notice, Policy, Purpose, Recipient
    from sotto_wire.ids import Digest

CONSENT: Final = "consent"
AUTHORITY: Final = "authority"
DAY_MS: Final = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class About:
    """What a customer was asked: a purpose of a policy, in the words of a notice, at a desk of an organisation."""

    org: str
    desk: str
    policy: Policy
    policy_digest: Digest
    purpose: Purpose
    notice: Notice
    language: str | None
    """Of the words that were signed; none where nothing was signed yet, or nobody can tell."""
    notice_digest: Digest | None

    @property
    def is_consent(self) -> bool:
        return self.purpose.lawful_basis == CONSENT

    @property
    def spoken(self) -> str:
        """The language of the texts in the record."""
        return self.language or self.policy.languages.default

    @property
    def is_eu(self) -> bool:
        """Whether European law is among those that the policy follows."""
        return any(each.partition("@")[0] == EU for each in self.policy.jurisdictions.profiles)


def named(digest: Digest) -> str:
    """A digest as it stands in a record."""
    return f"sha256:{digest.hex()}"


def processing_of(about: About) -> Processing:
    """Every field that the policy gives an answer to; the docstrings in `shape` say how each is to be read."""
    policy, purpose = about.policy, about.purpose
    categories, kept = categories_of(policy, purpose), retention_of(policy, purpose)
    max_days = None if kept is None else kept.max_days
    stored, processed = _locations(policy, purpose)
    basis = (EU_BASES if about.is_eu else OTHER_BASES).get(purpose.lawful_basis)
    return Processing(
        privacy_notice=_notice(about),
        language=about.language,
        purposes=[PurposeTold(id=purpose.id, label=_label(about), purpose_type=purpose.dpv)],
        purpose_digest=named(purpose_digest(policy, purpose)),
        policy_digest=named(about.policy_digest),
        lawful_basis=basis,
        pii_information=[_information(each, purpose) for each in categories],
        pii_controllers=[about.org, *(each.id for each in recipients_of(policy, purpose) if _decides(each))],
        collection_method="dpv:DataSubjectDataSource" if all(each.e2ee for each in categories) else None,
        processing_method=["dpv:Use"] if max_days == 0 else ["dpv:Use", "dpv:Store"],
        automated=purpose.automated,
        storage_locations=stored,
        retention_period=None if max_days is None else duration(max_days * DAY_MS),
        processing_locations=processed,
        geographic_restrictions=processed,
        service=_service(about),
        jurisdiction=JURISDICTIONS.get(policy.jurisdictions.default),
        recipient_third_parties=[each.id for each in recipients_of(policy, purpose)],
        withdrawal_method=_withdrawal(about),
        privacy_rights=[right for right, bases in EU_RIGHTS if about.is_eu and purpose.lawful_basis in bases],
        impact_assessment=next((each.ref for each in policy.dpia if purpose.id in each.covers), None),
        authority_party=None if policy.controller.authority is None else AUTHORITY,
    )


def parties_of(about: About) -> list[Party]:
    """The controller, who stands for it, each recipient of the purpose, and the authority."""
    return [*_controllers(about), *_recipients(about), *_authority(about)]


def _page(about: About) -> str:
    return f"/privacy/v/{about.policy_digest.hex()}"


def _notice(about: About) -> PrivacyNotice:
    return PrivacyNotice(
        id=about.notice.id,
        version=about.notice.version,
        uri=_page(about),
        digest=None if about.notice_digest is None else named(about.notice_digest),
        dpv="dpv:ConsentNotice" if about.is_consent else "dpv:PrivacyNotice",
    )


def _label(about: About) -> str:
    return about.purpose.label.get(about.spoken, about.purpose.id)


def _information(category: Category, purpose: Purpose) -> PiiInformation:
    return PiiInformation(
        pii_type=category.id,
        dpv=category.dpv,
        pii_optional=category.id in purpose.optional_categories,
        sensitive_pii_category=category.special,
        special_pii_category=category.special,
    )


def _decides(recipient: Recipient) -> bool:
    return recipient.role == "joint_controller"


def _locations(policy: Policy, purpose: Purpose) -> tuple[list[str], list[str]]:
    """Where ciphertext lies, and where anything is done. Whoever carries the chat itself carries it for every purpose in it."""
    carrying = [each for each in policy.purposes if each.required_for_chat or each.id == purpose.id]
    held = (one for each in carrying for one in recipients_of(policy, each) if one.sees != "plaintext")
    stored = {each.country for each in held}
    return _places(stored), _places(stored | {each.country for each in recipients_of(policy, purpose)})


def _places(countries: Iterable[str]) -> list[str]:
    return [f"loc:{each}" for each in sorted(countries)]


def _service(about: About) -> str:
    desk = desk_of(about.policy, about.desk)
    label = about.desk if desk is None else desk.label.get(about.spoken, about.desk)
    return f"{about.policy.controller.name}: {label}"


def _withdrawal(about: About) -> WithdrawalMethod | None:
    if about.notice.id == START:
        return None
    phrases = PHRASES.get(about.spoken, PHRASES["en"])
    return WithdrawalMethod(in_chat=phrases["withdraw"], uri=_page(about))


def _controllers(about: About) -> Iterator[Party]:
    controller = about.policy.controller
    yield Party(
        party_id=about.org,
        party_role="dpv:DataController",
        party_name=controller.name,
        party_address=controller.address or None,
        party_contact=controller.contact or None,
        party_phone=controller.phone or None,
        party_type="legal_entity",
    )
    representatives = {
        "eu_representative": controller.eu_representative,
        "uk_representative": controller.uk_representative,
    }
    for party_id, each in representatives.items():
        if each is not None:
            yield Party(
                party_id=party_id,
                party_role="dpv:Representative",
                party_name=each.name,
                party_address=each.address,
                party_contact=each.contact,
                party_type="legal_entity",
            )


def _recipients(about: About) -> Iterator[Party]:
    for each in recipients_of(about.policy, about.purpose):
        yield Party(
            party_id=each.id,
            party_role=ROLES[each.role],
            party_name=each.name,
            party_address=each.country,
            party_type="legal_entity",
        )


def _authority(about: About) -> Iterator[Party]:
    authority = about.policy.controller.authority
    if authority is not None:
        yield Party(
            party_id=AUTHORITY,
            party_role="dpv:Authority",
            party_name=authority.name,
            party_contact=authority.url or None,
            party_type="authority",
        )
