"""One door under libFuzzer: a process of its own, because libFuzzer never gives one back. `python -m sotto_bench.guided_target`.

Nothing of ours is imported above: what is to be watched must be loaded while atheris looks.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

WATCHED = ("sotto_wire", "sotto_keys")


def main() -> None:
    """Door, a folder for what is interesting, then libFuzzer's own arguments."""
    name, folder, *arguments = sys.argv[1:]
    with atheris.instrument_imports(include=[*WATCHED]):
        from tests.support.fuzz_doors import doors  # noqa: PLC0415 - as above
    door = doors()[name]
    for number, seed in enumerate(door.seeds):
        (Path(folder) / f"seed-{number}").write_bytes(seed)

    def once(octets: bytes) -> None:
        door.takes(octets)

    atheris.Setup([sys.argv[0], *arguments, folder], once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
