"""The jurisdiction profiles that come with the relay, from their files. A new reading of a law is a new file; old ones stay."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import msgspec

from sotto_server.domain.profile import Profile

if TYPE_CHECKING:
    from collections.abc import Mapping


@cache
def shipped_profiles() -> Mapping[str, Profile]:
    """By id."""
    folder = files("sotto_server.policyfile").joinpath("profiles")
    read = [
        msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), Profile)
        for file in folder.iterdir()
        if file.name.endswith(".toml")
    ]
    return {each.id: each for each in sorted(read, key=lambda each: each.id)}
