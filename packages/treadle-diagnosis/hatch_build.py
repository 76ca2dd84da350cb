"""Put the catalogue's compact form and the modules of the JavaScript diagnosis into the wheel.

A slip in the TOML stops the build with its file and line.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":  # a checkout reads the TOML
            return
        sys.path.insert(0, str(Path(self.root) / "src"))
        try:
            from treadle_diagnosis.catalog import build
        finally:
            del sys.path[0]
        self.folder = tempfile.TemporaryDirectory()
        compiled = Path(self.folder.name) / "compiled.json"
        compiled.write_text(build.written(build.compile_catalog()), "utf-8")
        build_data["force_include"][str(compiled)] = "treadle_diagnosis/catalog/compiled.json"
        for source in (Path(self.root) / "js" / "src", Path(self.root).parents[1] / "js" / "src"):
            if (source / "index.js").is_file():  # in a source distribution, in a checkout
                build_data["force_include"][str(source)] = "treadle_diagnosis/javascript/src"
                break
        else:
            raise FileNotFoundError("js/src: the modules of the JavaScript diagnosis are missing")

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if version != "editable":
            self.folder.cleanup()
