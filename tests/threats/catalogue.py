"""The catalogue of bad inputs by number, and which tests hold each: docs/threat-model.md counts on it.

`tests/house/test_catalogue.py` fails when a test named here is gone, or a number is neither held nor said to wait for
something that does not exist yet. A name is `file::test`, or `file::test[part of a parameter's id]`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

ASKING: Final = "tests/usecases/test_asking.py::"
AGREE: Final = "tests/vectors/test_verifiers_agree.py::"
HOSTILE: Final = "tests/browser/test_hostile_page.py::"
INJECTED: Final = (
    "tests/browser/test_injected_chat.py::"
    "test_fifty_injections_each_way_and_a_name_that_is_one_are_text_on_both_screens"
)
HTTP: Final = "tests/edge/test_http.py::"
FRAMING: Final = "tests/threats/test_framing.py::test_what_breaks_the_framing_ends_its_socket_with_its_code"
BYTES: Final = "tests/threats/test_http_bytes.py::test_what_is_no_lawful_request_is_refused_without_a_word_of_detail"
SLOW: Final = "tests/threats/test_http_bytes.py::test_row_12"
FRAMES: Final = "tests/threats/test_frames.py::test_row"
COMMITS: Final = "tests/threats/test_commits.py::test_row"
SIGN_IN: Final = "tests/threats/test_signing_in.py::test_row"
ENTRANCE: Final = "tests/unit/edge/test_entrance.py::"
CLOCKS: Final = "tests/threats/test_clocks.py::"
EDGES: Final = "tests/edge/test_edges.py::"
MATRIX: Final = "tests/threats/test_matrix.py::test_each_is_answered_as_the_table_says"
HTTP_MATRIX: Final = "tests/threats/test_matrix_http.py::test_each_is_answered_as_the_table_says"
GATE: Final = "tests/unit/keys/test_commit_gate"
TRUST: Final = "tests/unit/keys/test_trust_vectors.py::test_a_bundle_is_answered"
DECISIONS: Final = "tests/unit/keys/test_trust_vectors.py::test_a_decision_is_answered"
ATTACKS: Final = "tests/usecases/test_attacks.py::"
DAMAGE: Final = "tests/faults/test_damaged_database.py::test_row_53_"
SECRETS: Final = "tests/scenario/test_secrets.py::test_"
NEXT_GROUP: Final = "tests/scenario/test_next_group.py::"
KILLS: Final = "tests/faults/test_kills.py::"
TROUBLE: Final = "tests/faults/test_network_and_time.py::"
PERMISSIVE: Final = "tests/scenario/test_permissive_relay.py::"


@dataclass(frozen=True, slots=True)
class Row:
    """What is thrown, and what holds. `waits_for`: what must exist before the rest of the row can be tried."""

    what: str
    tests: tuple[str, ...] = ()
    waits_for: str | None = None


CATALOGUE: Final[Mapping[int, Row]] = {
    # WebSocket and HTTP framing
    1: Row("reserved bits and opcodes", (f"{FRAMING}[row 1: rsv]", f"{FRAMING}[row 1: opcode]")),
    2: Row("an unmasked client frame", (f"{FRAMING}[row 2]",)),
    3: Row("orphan continuation, new data mid-fragment, long or fragmented ping", (f"{FRAMING}[row 3]",)),
    4: Row("text that is no UTF-8, also split", (f"{FRAMING}[row 4: text]", f"{FRAMING}[row 4: split]")),
    5: Row("close frames that may not be sent", (f"{FRAMING}[row 5]",)),
    6: Row(
        "lengths that are declared and not sent",
        (f"{FRAMING}[row 6]", "tests/threats/test_framing.py::test_row_6_a_declared_gibibyte_reserves_nothing"),
    ),
    7: Row("too large, whole or in 2,000 fragments", (f"{FRAMING}[row 7: too]", f"{FRAMING}[row 7: 2,000]")),
    8: Row("floods of pings and of one-byte fragments", (f"{FRAMING}[row 8: flood]", f"{FRAMING}[row 8: fragments]")),
    9: Row(
        "compression that nobody agreed on",
        (f"{FRAMING}[row 9]", "tests/threats/test_framing.py::test_row_9_compression_is_offered_and_not_taken"),
    ),
    10: Row("requests that may not become a socket", (f"{BYTES}[row 10]",)),
    11: Row(
        "ambiguous, broken and oversized requests",
        (f"{BYTES}[row 11]", "tests/threats/test_http_bytes.py::test_row_11_bare_line_feeds_smuggle_no_second_request"),
    ),
    12: Row(
        "silence: no byte, half a header, no hello, no sign of life",
        (
            f"{SLOW}_whoever_sends_no_whole_request_in_time_is_cut",
            f"{SLOW}_a_socket_without_hello_is_closed",
            f"{EDGES}test_row_12_a_peer_that_gives_no_sign_of_life_is_cut",
            "tests/edge/test_front_guard.py::test_a_slow_crowd_does_not_keep_others_out",
        ),
    ),
    13: Row(
        "a reader that does not read",
        (
            "tests/edge/test_socket.py::test_a_reader_that_stops_reading_is_let_go_and_loses_nothing",
            "tests/edge/test_socket.py::test_a_reader_that_was_slow_for_a_moment_gets_everything_in_order",
        ),
    ),
    14: Row(
        "half-close, reset in the middle of a frame, loss and stalls",
        (
            f"{TROUBLE}test_connections_that_are_reset_half_closed_and_stalled_lose_nothing",
            "tests/threats/test_http_bytes.py::test_row_14_a_peer_that_closes_its_half_is_closed",
            "tests/threats/test_http_bytes.py::test_row_14_a_reset_in_the_middle_of_a_frame_ends_nothing_else",
        ),
    ),
    15: Row(
        "more connections than there is time or files for",
        (
            f"{EDGES}test_connections_beyond_the_budget_are_cut_unread_and_told_in_one_line",
            f"{ENTRANCE}test_one_address_that_connects_too_often_is_turned_away_and_another_comes_in",
            "tests/edge/test_run.py::test_row_15_more_connections_than_open_files_leave_the_relay_accepting",
        ),
    ),
    # the protocol of the application
    16: Row(
        "what is no frame, and every frame malformed in every field",
        (
            f"{FRAMES}_16_every_malformed_form_of_every_frame_is_a_bad_frame_and_nothing_else",
            f"{FRAMES}_16_what_is_no_frame_closes_the_socket_before_and_after_hello",
        ),
    ),
    17: Row(
        "a frame before hello, a second hello, the other role's frames",
        (
            f"{FRAMES}_17_a_frame_before_hello_closes_the_socket",
            "tests/edge/test_socket.py::test_what_is_out_of_place_closes_the_socket",
            MATRIX,
        ),
    ),
    18: Row(
        "one message number a thousand times, also after a restart",
        (f"{FRAMES}_18_one_number_a_thousand_times_is_one_row_also_after_a_restart",),
        waits_for="two nodes",
    ),
    19: Row(
        "acknowledging what does not exist",
        (
            f"{FRAMES}_19_what_does_not_exist_is_not_acknowledged_and_moves_no_cursor",
            f"{FRAMES}_19_a_negative_cursor_is_no_frame",
        ),
    ),
    20: Row(
        "yesterday's ciphertext again",
        (
            "tests/unit/client/test_chat.py::test_envelopes_that_come_twice_are_only_acknowledged",
            "tests/unit/client/test_receiving.py::test_yesterdays_ciphertext_under_a_new_place_is_a_gap",
        ),
    ),
    21: Row(
        "all members race for an epoch",
        (f"{COMMITS}_21_of_all_that_race_for_an_epoch_exactly_one_wins_in_every_round",),
    ),
    22: Row(
        "a commit that some member cannot process",
        (
            "tests/unit/client/test_receiving.py::test_who_cannot_follow_an_allowed_commit_is_stuck_and_has_not_taken_it",
            f"{PERMISSIVE}test_a_commit_with_a_broken_signature_is_not_followed_and_the_conversation_goes_on_without_it",
            f"{NEXT_GROUP}test_an_agent_that_cannot_follow_says_so_and_reads_in_the_next_group_what_it_missed",
        ),
    ),
    23: Row(
        "commits, Welcomes and key packages of another time or group",
        (
            f"{COMMITS}_23_a_commit_that_is_not_this_groups_next_is_refused_with_its_code",
            "tests/unit/client/test_receiving.py::test_a_commit_of_another_epoch_or_group_is_not_followed",
            f"{COMMITS}_23_a_key_package_serves_once_in_a_group_and_its_welcome_is_not_taken_again",
        ),
    ),
    24: Row("root and trust: rolled back, forged, expired, doubled", (TRUST,)),
    25: Row("a version far ahead, then the key is taken out", (TRUST,)),
    26: Row(
        "65 roots, a chain that bites itself", ("tests/unit/keys/test_documents.py::test_a_walk_has_at_most_64_hops",)
    ),
    27: Row(
        "an Add without, with a forged or with another conversation's decision",
        (
            f"{GATE}_terms.py::test_an_add_without_a_decision_is_not_admitted",
            f"{GATE}.py::test_a_forged_decision_in_a_note_is_untrusted",
            f"{GATE}.py::test_a_decision_of_another_conversation_admits_nobody",
            f"{PERMISSIVE}test_the_honest_relay_refuses_it_and_the_conversation_goes_on",
            f"{GATE}_terms.py::test_a_decision_of_one_device_lets_in_no_other",
            f"{ASKING}test_a_yes_without_a_question_lets_nobody_in",
            f"{ASKING}test_a_yes_to_a_question_that_is_over_lets_nobody_in",
            f"{ASKING}test_an_answer_that_the_customer_did_not_sign_is_refused",
        ),
    ),
    28: Row(
        "a leaf that nobody let in",
        (
            "tests/usecases/test_committing.py::test_nobody_is_added_whom_the_desk_did_not_offer",
            f"{PERMISSIVE}test_the_customer_refuses_it_of_a_permissive_relay_and_sends_nothing_more",
        ),
    ),
    29: Row(
        "a revocation while many conversations are live",
        (
            f"{COMMITS}_29_one_revocation_shuts_a_device_out_of_all_its_conversations",
            "tests/edge/test_whole_conversation.py::test_a_revoked_device_is_cut_off_and_everybody_hears_of_it",
        ),
    ),
    30: Row(
        "shut out while no bell can ring",
        (
            f"{EDGES}test_an_agent_disabled_by_another_process_is_cut_although_no_bell_rang",
            "tests/unit/client/test_chat.py::test_whom_the_organisation_revokes_is_removed_and_nothing_is_sent_before",
        ),
        waits_for="Redis and several nodes",
    ),
    31: Row(
        "a revoked agent comes back",
        (
            f"{ATTACKS}test_an_officers_clock_that_is_ahead_does_not_put_a_revocation_off",
            f"{ATTACKS}test_a_credential_nobody_published_is_revoked_like_any_other",
            MATRIX,
        ),
    ),
    32: Row(
        "a revoked agent's commit that waited",
        ("tests/usecases/test_committing.py::test_a_revocation_between_judging_and_keeping_is_heeded",),
    ),
    33: Row(
        "a device's store copied elsewhere",
        (
            "tests/unit/client/test_stored.py::test_rows_are_sealed_on_disk",
            f"{EDGES}test_a_stolen_session_is_of_no_use_with_another_key",
        ),
    ),
    34: Row(
        "forged, edited, expired decisions",
        (
            DECISIONS,
            f"{AGREE}test_a_thousand_changed_documents_have_the_same_verdict_in_both_languages",
            "tests/unit/keys/test_receipt_bundle.py::test_a_part_that_does_not_belong_is_refused",
            "tests/unit/keys/test_receipt_bundle.py::test_no_flipped_bit_goes_unseen",
        ),
    ),
    35: Row(
        "names that hide or turn something",
        (
            "tests/unit/keys/test_documents.py::test_names_that_hide_or_turn_something_are_refused",
            f"{AGREE}test_a_name_may_look_like_another_and_never_turn_hide_or_stretch_what_is_beside_it",
            INJECTED,
        ),
    ),
    36: Row(
        "clocks that are off",
        (
            f"{CLOCKS}test_row_36_a_clock_that_is_off_opens_nothing_and_all_is_well_when_it_is_set",
            f"{CLOCKS}test_row_36_a_jump_of_an_hour_cuts_nobody",
            f"{GATE}.py::test_more_than_five_minutes_off_are_refused_by_the_relay",
            f"{GATE}_terms.py::test_a_key_package_outside_its_lifetime_is_untrusted",
        ),
    ),
    37: Row("TLS: expired, absent, downgraded", waits_for="TLS of our own: it ends at a proxy in front"),
    # what is shown, and what shows it
    67: Row(
        "two hundred injections in every text",
        (
            "tests/browser/test_injection.py::test_two_hundred_injections_in_every_text_of_the_widget_are_text",
            INJECTED,
        ),
        waits_for="attachments",
    ),
    68: Row(
        "hostile code around the frame and inside it",
        (
            f"{HOSTILE}test_hostile_code_inside_the_frame_carries_nothing_out",
            f"{HOSTILE}test_the_thief_would_have_noticed",
            f"{HOSTILE}test_a_script_of_the_page_sees_no_key_that_is_pressed_inside",
            f"{HOSTILE}test_a_script_of_the_page_cannot_look_across",
            f"{HOSTILE}test_an_early_connection_can_be_opened_and_nothing_travels_on_it",
        ),
    ),
    75: Row(
        "one byte changed in loader and app",
        (
            f"{HOSTILE}test_one_changed_byte_in_the_app_and_it_does_not_run",
            f"{HOSTILE}test_one_changed_byte_in_the_loader_and_there_is_no_widget",
        ),
    ),
    78: Row(
        "headers of every route; pages whose origin is null",
        (
            f"{HTTP}test_the_headers_of_every_route_are_those_that_were_looked_at",
            f"{HTTP}test_every_route_is_in_the_snapshot",
            f"{HTTP}test_no_page_of_nowhere_reads_an_answer_that_is_for_one_asker",
        ),
    ),
    # authorisation and authentication
    38: Row("everybody asks everything about everybody's", (MATRIX, HTTP_MATRIX)),
    39: Row(
        "a site that is not the session's, another site's host",
        (f"{COMMITS}_39_a_group_of_another_site_than_hello_named_is_not_opened", f"{HTTP_MATRIX}[another site's host]"),
        waits_for="attachments",
    ),
    40: Row("tokens of the site's backend", waits_for="identified customers"),
    41: Row("a socket from an evil, opaque or missing origin", (f"{BYTES}[row 41]", HTTP_MATRIX)),
    42: Row("resume tokens replayed", waits_for="nothing: resuming is a new hello, signed for its own connection"),
    43: Row(
        "a hello signed for another connection, site or origin",
        (
            "tests/edge/test_socket.py::test_a_hello_that_does_not_fit_this_connection_is_refused",
            "tests/usecases/test_delivering.py::test_a_page_of_another_origin_is_not_welcomed",
        ),
    ),
    44: Row(
        "guessing names",
        (
            f"{SIGN_IN}_44_whoever_is_not_let_in_reads_the_same_and_costs_the_same",
            f"{SIGN_IN}_44_the_hash_of_nobody_costs_what_everybodys_costs",
        ),
    ),
    45: Row(
        "stuffing passwords",
        (
            f"{SIGN_IN}_45_a_thousand_accounts_from_one_address_reach_thirty_hashes",
            f"{SIGN_IN}_45_one_account_from_a_thousand_addresses_waits_and_is_not_locked",
            f"{SIGN_IN}_45_everybody_together_leaves_half_of_the_processor",
        ),
        waits_for="passkeys",
    ),
    46: Row(
        "five hundred sign-ins at once",
        (
            f"{SIGN_IN}_46_of_five_hundred_at_once_two_are_hashed_and_messages_go_on",
            f"{SIGN_IN}_46_who_is_sent_away_is_told_when_to_come_again",
        ),
    ),
    47: Row("one-time codes replayed and guessed", waits_for="one-time codes"),
    48: Row("(a free number)", waits_for="nothing: the number is free"),
    49: Row(
        "sessions chosen by the peer, ended with sockets open, with fewer rights than before",
        (
            f"{SIGN_IN}_49_a_session_that_the_peer_chose_is_none",
            f"{SIGN_IN}_49_every_sign_in_has_a_token_of_its_own",
            f"{SIGN_IN}_49_who_is_given_other_desks_by_another_process_must_sign_in_again",
            "tests/edge/test_attacks_socket.py::test_signing_out_ends_the_sockets_at_once",
            "tests/edge/test_run.py::test_an_agent_is_disabled_while_the_relay_runs",
        ),
    ),
    # storage, process, network, time
    50: Row("kill -9 at random and at named points", (f"{KILLS}test_twenty_kills_lose_double_and_reorder_nothing",)),
    51: Row(
        "a disk that fails at the commit, also after everything reached it",
        (f"{KILLS}test_a_disk_that_fails_at_the_commit_costs_no_message",),
    ),
    52: Row(
        "a full disk",
        (
            f"{KILLS}test_a_disk_that_takes_no_more_acknowledges_nobody_until_it_does",
            "tests/contract/test_sqlite_file.py::test_a_full_disk_answers_nobody_and_the_store_recovers_when_there_is_room",
        ),
    ),
    53: Row(
        "a database that is torn, emptied, without its log or with another's",
        (
            f"{DAMAGE}after_a_kill_everything_acknowledged_is_there",
            f"{DAMAGE}a_deleted_index_is_built_again",
            f"{DAMAGE}the_log_of_another_database_is_refused_and_nothing_is_touched",
            f"{DAMAGE}a_database_that_lost_its_end_is_refused_not_begun_again",
            f"{DAMAGE}a_database_without_tables_is_refused",
            f"{DAMAGE}a_log_that_lost_its_end_leaves_a_whole_beginning",
            f"{DAMAGE}a_torn_page_is_refused_or_held_nothing",
            f"{DAMAGE}sotto_run_says_what_to_do",
        ),
    ),
    54: Row("a restart in the middle of everything", (f"{KILLS}test_twenty_kills_lose_double_and_reorder_nothing",)),
    55: Row(
        "everybody connects at once",
        (
            f"{EDGES}test_connections_beyond_the_budget_are_cut_unread_and_told_in_one_line",
            "tests/unit/client/test_life_and_link.py::test_waits_double_up_to_the_longest_and_half_of_each_is_random",
        ),
    ),
    56: Row("Redis that is down, slow or wiped", waits_for="Redis"),
    57: Row("PostgreSQL that restarts, locks or refuses", waits_for="PostgreSQL"),
    58: Row("nodes that cannot hear each other", waits_for="several nodes"),
    59: Row(
        "a relay restored from an older copy",
        (
            f"{TROUBLE}test_a_relay_restored_from_an_older_copy_is_not_followed_into_the_past",
            "tests/unit/client/test_chat.py::test_a_relay_that_was_set_back_stops_the_chat",
        ),
        waits_for="checkpoints of the log",
    ),
    60: Row("leaves of the log edited, removed, reordered", waits_for="the log"),
    61: Row("checkpoints by the wrong key, going back, or split", waits_for="the log"),
    62: Row(
        "a clock that jumps",
        (
            f"{TROUBLE}test_a_clock_that_jumps_ends_no_conversation_and_holds_nobody_up",
            "tests/unit/server/test_steadiness.py::test_after_a_jump_nothing_ends_for_as_long_as_silence_may_last",
            "tests/unit/server/test_limits.py::test_a_clock_set_back_holds_nobody_up_until_it_has_caught_up",
        ),
    ),
    63: Row("a process that stands still", (f"{TROUBLE}test_a_relay_that_stood_still_tells_so_and_loses_nobody",)),
    64: Row("the log verified on another machine", waits_for="the log"),
    65: Row("shredding at midnight, interrupted", waits_for="transcripts"),
    66: Row(
        "a database of a newer release",
        ("tests/contract/test_sqlite_file.py::test_a_database_of_a_newer_release_is_refused",),
        waits_for="a second release",
    ),
    80: Row(
        "a device that slept while much was queued",
        (f"{TROUBLE}test_a_phone_that_slept_through_it_all_shows_one_transcript",),
    ),
    # secrets
    71: Row(
        "passwords, tokens, private keys and passphrases in files, logs at their loudest, memory, arguments and shown values",
        (
            f"{SECRETS}row_71_nothing_lies_in_the_relays_files_memory_or_debug_log",
            f"{SECRETS}row_71_what_is_thrown_and_shown_of_a_program_holds_no_secret",
            f"{SECRETS}no_command_of_the_demo_is_given_a_secret_to_read_in_its_arguments",
        ),
        waits_for="one-time codes",
    ),
}
