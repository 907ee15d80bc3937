"""Every number a peer can run into, once, with its reason."""

from __future__ import annotations

from typing import Final

FRAME_BYTES_BEFORE_SIGN_IN: Final = 64 * 1024
"""`hello` is under 8 KiB; the rest is room for proxies that add nothing we want."""

FRAME_BYTES: Final = 256 * 1024
"""One attachment chunk of 256 KiB does not travel as a frame; a Welcome for eight leaves is under 16 KiB."""

MESSAGE_BYTES: Final = 64 * 1024
"""An MLS application message: 16,000 characters of any script, padded, with room."""

COMMIT_BYTES: Final = 64 * 1024
"""A commit or Welcome with eight leaves and eight credentials."""

KEY_PACKAGE_BYTES: Final = 8 * 1024
"""A key package with a credential envelope of 4 KiB."""

HELLO_BYTES: Final = 8 * 1024
"""Checked before any signature."""

DOCUMENT_BYTES: Final = 256 * 1024
"""A signed document; above it the strict parser does not look."""

INCIDENT_BYTES: Final = 64 * 1024
"""A signed incident notice: the four parts in a dozen languages. It is sent at every connection, also to phones."""

INCIDENTS_IN_FORCE: Final = 8
"""Notices of one organisation at a time. More of them, and none is read."""

ROSTER_LEAVES: Final = 8
"""Customer, agent, a helper, a supervisor, a bot and three on call; every leaf is one who can read."""

KEY_PACKAGES_PER_PUBLISH: Final = 50
KEY_PACKAGES_HELD: Final = 200
"""Enough for a day of forty chats with reconnects; a flood fills nothing."""

KEY_PACKAGES_LOW: Final = 5
"""Below it a device publishes more, and the relay says so in its log: without any left, nobody can be let in on that device."""

LAST_RESORT_LIFE_MS: Final = 7 * 24 * 3600 * 1000
"""A key package that may be used again: as long as a left message waits, and no longer than its reuse is worth."""

DEVICES_ON_CALL: Final = 3
"""Who can read a message that was left at night: enough that one of them looks in the morning, few enough to name."""

MESSAGE_LEFT_MS: Final = 7 * 24 * 3600 * 1000
"""How long a left message waits for its reader: as long as its envelopes live."""

STANDING_ADMISSIONS: Final = 16
"""More standing decisions than possible members is a mistake."""

GROUPS_OF_A_CONVERSATION: Final = 16
"""A conversation lives for a day; whose device fails a sixteenth time in it is better served by a new one."""

ROOT_HOPS: Final = 64
"""180 days a root: 32 years of chain."""

MAILBOX_ENVELOPES: Final = 10_000
"""Undelivered envelopes in one conversation: twice the 5,000 a sleeping phone must survive."""

ENVELOPE_LIFE_MS: Final = 7 * 24 * 3600 * 1000
"""Delivery to a device that sleeps for a week (policy class `envelope`)."""

CONVERSATION_LIFE_MS: Final = 24 * 3600 * 1000
"""The time-box of a conversation and the life of its start decision."""

TIMES_KEPT_OPEN: Final = 3
"""How often a customer may keep one conversation open for another day: four days under the words that were read at its start are enough,
and who needs more is better asked anew."""

IDLE_CLOSE_MS: Final = 30 * 60 * 1000
"""A conversation nobody writes in closes; the time-box is the upper bound."""

HANDOFF_ANSWER_MS: Final = 2 * 60 * 1000
"""A colleague who is there answers by then, and an agent's device adds whoever accepted; else the conversation stays where it is."""

HANDOFF_TOLD_MS: Final = 10 * 60 * 1000
"""How long the relay remembers why a handoff came to nothing, for an agent who was offline."""
REQUEST_LIFE_MS: Final = 24 * 3600 * 1000
"""A question nobody answered in a day is over; nobody is let in by a click on yesterday's card."""

REQUESTS_LISTED: Final = 50
"""Questions of one conversation that its agents are told of; with a pause of ten minutes nobody comes near."""

ASK_AGAIN_AFTER_MS: Final = 10 * 60 * 1000
"""The same question again, after any answer but a yes: long enough not to be nagging."""

OPTIONAL_EVERY_MS: Final = 10 * 60 * 1000
OPTIONAL_PER_CONVERSATION: Final = 3
"""Questions that the chat can do without: EDPB 03/2022 calls more of them overloading."""

RESERVED_MS: Final = 30 * 1000
"""After a withdrawal the next commit is the customer's: time for a phone to make it, not long enough to stall a group."""

CANDIDATES_LISTED: Final = 50
"""Devices an agent may choose from; a desk has fewer."""

CLOCK_SKEW_MS: Final = 5 * 60 * 1000
"""Clocks within five minutes is an assumption of the threat model."""

HELLO_WITHIN_MS: Final = 5_000
"""A socket without `hello` costs memory and proves nothing."""

REQUEST_WITHIN_MS: Final = 10_000
"""aiohttp has no deadline of its own for the first request: 100 s of silence stayed open when measured."""

SOCKETS_BEFORE_SIGN_IN: Final = 500
SOCKETS_BEFORE_SIGN_IN_PER_ADDRESS: Final = 10
"""Loopback is exempt: a proxy on the same host carries everybody."""

CONNECTIONS_PER_S: Final = 500
CONNECTIONS_AT_ONCE: Final = 2_000
"""New connections of the whole process, on average and in a row: about what one core can accept. The rest is cut unread."""

CONNECTIONS_PER_S_PER_ADDRESS: Final = 20
CONNECTIONS_AT_ONCE_PER_ADDRESS: Final = 100
"""An office of a hundred behind one address comes back at once after a restart; loopback and trusted proxies are exempt."""

FILES_WANTED: Final = 65_536
"""Open files we ask the system for: many times the ten thousand connections that one process is measured with."""
FILES_KEPT_FREE: Final = 128
"""File descriptors that connections may not have: the database, its readers and whatever the system opens behind our back."""

CONVERSATIONS_PER_HOUR_PER_ADDRESS: Final = 60
"""An office behind one address still gets through; loopback exempt, behind a proxy only with trusted proxies configured."""

MESSAGES_PER_10_S: Final = 20
"""Per device key: faster than anyone types, slower than a flood. Commits and acknowledgements are not counted."""

HOLDINGS_ROWS: Final = 200
"""What the relay holds is shown in pages: at some 700 bytes a row one stays under the frame limit."""
HOLDINGS_PER_MINUTE: Final = 60
"""Per device key: a mailbox of 5,000 envelopes is 26 pages, and each costs the disk its rows."""

SEND_QUEUE_FRAMES: Final = 256
SEND_QUEUE_BYTES: Final = 1024 * 1024
"""Over it the socket is closed (4408); the reader resumes from its cursor, so nothing is lost."""

PASSWORD_LENGTH: Final = (12, 128)
HASHES_AT_ONCE: Final = 2
HASHES_WAITING: Final = 16
"""Argon2id at 64 MiB is about seven sign-ins a second on two cores; the limiter stands before the hash."""

SIGN_IN_WINDOW_MS: Final = 10 * 60 * 1000
SIGN_IN_TRIES_PER_ADDRESS: Final = 30
"""Per address (IPv6: /64) and window; an office of thirty signs in at nine. Loopback is exempt."""
SIGN_IN_TRIES: Final = 2_000
"""In all: half of what two hashes at once can do, so that stuffing a thousand accounts leaves the other half of the processor alone."""

SESSION_IDLE_MS: Final = 30 * 60 * 1000
SESSION_LIFE_MS: Final = 12 * 3600 * 1000
"""A working day; a session unused for half an hour ends."""

TEXT_CHARACTERS: Final = 8_000
"""One message in the composer; longer text is sent as several."""

NAME_CHARACTERS: Final = 80
"""A name that is shown to people."""

SHARED_BYTES: Final = 60 * 1024
"""Earlier messages that a customer shares with a newcomer: one application message, less its sealed key, MLS and padding."""
SHARED_MESSAGES: Final = 4_000
"""More than fit of the shortest; a list has an end."""
