"""The incident notice: what an organisation tells the people whom a breach concerns (GDPR Art. 34). Signed by the issuing key.

The relay's statement key never suffices: who could be the reason for a breach must not be the one who words it.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from msgspec import Meta

from sotto_keys.shared import strict_json
from sotto_keys.shared.dsse import INCIDENT_TYPE, open_envelope, parse_envelope
from sotto_keys.shared.text_forms import Slug, Time
from sotto_keys.shared.untrusted import Inconsistent, Lapsed, Malformed
from sotto_wire.limits import INCIDENT_BYTES

if TYPE_CHECKING:
    from sotto_keys.shared.trust_chain import TrustState
    from sotto_wire.ids import Millis

PART_CHARACTERS: Final = 2_000
"""One of the four parts: a page on a phone. Whoever gets more than four pages reads none of them."""
CONTACT_CHARACTERS: Final = 200
LANGUAGES: Final = 24
"""As many as the Union has official ones."""
LONGEST_LIFE_MS: Final = 366 * 24 * 3600 * 1000
"""A notice that is still needed after a year is looked at again and signed again."""

Language = Annotated[str, Meta(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?\Z")]
"""As in a policy file."""

_UNSEEN: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
_JOINERS: Final = "\u200c\u200d"
"""Persian and Hindi are misspelt without them."""


class Parts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Art. 34(2) in plain words: nature, likely consequences, measures, and what the reader can do."""

    what_happened: str
    consequences: str
    what_we_did: str
    what_you_can_do: str

    def __post_init__(self) -> None:
        for text in (self.what_happened, self.consequences, self.what_we_did, self.what_you_can_do):
            _check_plain(text, limit=PART_CHARACTERS, allowed=_JOINERS + "\n")


class Incident(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom it concerns: conversations opened from `affects_from` until before `affects_to`. Shown until before `expires`."""

    org: Slug
    incident: Slug
    issued_at: Time
    affects_from: Time
    affects_to: Time
    texts: Annotated[dict[Language, Parts], Meta(min_length=1, max_length=LANGUAGES)]
    contact: str
    expires: Time

    def __post_init__(self) -> None:
        _check_plain(self.contact, limit=CONTACT_CHARACTERS, allowed=_JOINERS)
        if self.affects_from >= self.affects_to:
            raise ValueError("affects_from and affects_to")
        if not self.issued_at < self.expires <= self.issued_at + LONGEST_LIFE_MS:
            raise ValueError("issued_at and expires")

    def affects(self, earliest: int, latest: int) -> bool:
        """Whether it concerns a conversation that was opened at some time from `earliest` to `latest`."""
        return self.affects_from <= latest and earliest < self.affects_to


def judge_incident(
    envelope: bytes, state: TrustState, *, now: Millis, opened: tuple[int, int] | None = None
) -> Incident:
    """The notice, if the organisation stands by it now, and it concerns what was opened between the two times of `opened`.

    `Malformed`, `BadSignature` (a removed issuing key voids all it signed), `Inconsistent` (another organisation, or it does not
    concern that conversation), `Lapsed` (its time is over).
    """
    if len(envelope) > INCIDENT_BYTES:
        raise Malformed("too large for a notice")
    role = state.newest_root.roles.issuing
    keys = state.newest_root.keys_of(role)
    payload = open_envelope(parse_envelope(envelope), INCIDENT_TYPE, keys=keys, threshold=role.threshold)
    incident = strict_json.read(payload, Incident)
    if incident.org != state.org:
        raise Inconsistent("a notice of another organisation")
    if state.effective_time(now) >= incident.expires:
        raise Lapsed("the notice is over")
    if opened is not None and not incident.affects(*opened):
        raise Inconsistent("a notice that does not concern this conversation")
    return incident


def _check_plain(text: str, *, limit: int, allowed: str) -> None:
    """Text that people read: none that turns or hides its neighbours (T35). Raises `ValueError`."""
    if not 1 <= len(text) <= limit or text != text.strip():
        raise ValueError("text length")
    if any(unicodedata.category(each) in _UNSEEN and each not in allowed for each in text):
        raise ValueError("a character in the text cannot be seen")
