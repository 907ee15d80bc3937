"""Waiting for what happens in its own time, by looking again and again. For what stands on a screen there is `expect`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Frame, Page

PATIENCE_S: Final = 45.0
LOOK_EVERY_S: Final = 0.05


def until(seen: Callable[[], object]) -> None:
    """Until it is truthy; an assertion when it never is."""
    deadline = time.monotonic() + PATIENCE_S
    while not seen():
        assert time.monotonic() < deadline, "never"
        time.sleep(LOOK_EVERY_S)


def until_in(place: Page | Frame, condition: str) -> None:
    """Until the expression is truthy there.

    Not `wait_for_function`: its second look is an `eval` in the page, which a policy without `unsafe-eval` refuses.
    """
    until(lambda: place.evaluate(condition))


def until_kept(page: Page, prefix: str) -> None:
    """Until the store of this page's origin holds a sealed record whose name begins so."""
    until_in(page, f"({KEPT})('{prefix}')")


KEPT: Final = """async (prefix) => {
  const done = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
  for (const { name } of await indexedDB.databases()) {
    const base = await done(indexedDB.open(name))
    const names = await done(base.transaction('sealed').objectStore('sealed').getAllKeys())
    base.close()
    if (names.some((each) => each.startsWith(prefix))) return true
  }
  return false
}"""
