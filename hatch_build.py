"""Puts the built web bundles into the wheel, where the relay finds them. They are never committed: minified code cannot be reviewed."""

from __future__ import annotations

from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]  # hatchling's parameter is its own config class
    """Called by hatchling for every wheel."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, object]) -> None:
        """Add `client_web/dist` as `sotto_server/web`; an editable install reads it where it is."""
        if version == "editable":
            return
        if not Path(self.root, "client_web", "dist", "releases.json").is_file():
            raise FileNotFoundError("the web bundles are not built: run python3 dev.py setup first")
        build_data["force_include"] = {"client_web/dist": "sotto_server/web"}
