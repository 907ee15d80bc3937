"""Writes what both languages read of the contract: `client_web/src/wire/*.ts` and `frames.json`. Run it after changing `wire/`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.vectors import contract


def main() -> None:
    for path, text in contract.files().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
