from __future__ import annotations

import msgspec
import pytest

from sotto_server.edge.answers import OUTSIDE, PROBLEM, library_error, problem, refusal_answer, status_answer
from sotto_server.edge.headers import Kind, headers_for
from sotto_wire.codes import Code
from sotto_wire.refusals import BY_CODE, TooFast


def test_every_code_has_its_place_outside() -> None:
    assert set(OUTSIDE) == set(Code)


@pytest.mark.parametrize("code", list(Code))
def test_a_refusal_says_its_code_and_nothing_of_the_inside(code: Code) -> None:
    response = refusal_answer(BY_CODE[code]("the inside"))
    assert isinstance(response.body, bytes)
    members = msgspec.json.decode(response.body)
    assert (members["type"], members["code"], members["status"]) == (f"urn:sotto:{code}", code, response.status)
    assert response.content_type == PROBLEM
    assert b"inside" not in response.body


def test_too_fast_says_when_to_come_again() -> None:
    response = refusal_answer(TooFast("sign-in", retry_after_ms=1500))
    assert response.headers["Retry-After"] == "2"
    assert isinstance(response.body, bytes)
    assert msgspec.json.decode(response.body)["retry_after_ms"] == 1500


def test_unavailable_carries_the_reference_to_quote() -> None:
    response = problem(Code.UNAVAILABLE, reference="abc")
    assert isinstance(response.body, bytes)
    assert (response.status, msgspec.json.decode(response.body)["reference"]) == (503, "abc")


@pytest.mark.parametrize(
    ("status", "code"), [(404, "not_found"), (405, "bad_frame"), (413, "too_large"), (500, "unavailable")]
)
def test_where_only_http_was_wrong_the_status_chooses_the_code(status: int, code: str) -> None:
    response = status_answer(status)
    assert isinstance(response.body, bytes)
    assert (response.status, msgspec.json.decode(response.body)["code"]) == (status, code)


def test_what_never_became_a_request_gets_the_same_headers() -> None:
    headers = headers_for("https://chat.example.com")
    response = library_error(400, headers)
    assert headers.of(Kind.ANSWER).items() <= response.headers.items()
