"""The guide as files that need no server: every page, its JSON twin, and the assets."""

from __future__ import annotations

from pathlib import Path

from treadle_diagnosis.guide.links import StaticLinks
from treadle_diagnosis.guide.site import ASSETS, asset, page, places, twin


def build(directory: Path, *, base_url: str = "") -> list[str]:
    """Write the whole guide below ``directory`` and give back the relative names of the files written.

    ``base_url`` is the address the copy will have (for canonical links). Files of an earlier build are overwritten,
    others are left alone. Raises ``OSError`` when a file cannot be written.
    """
    written: dict[str, str] = {}
    for place in places():
        name = place or "index"
        made = page(place, StaticLinks(name), base_url=base_url)
        data = twin(name)
        if made is None or data is None:
            raise RuntimeError(f"the guide has no page at {place!r}")
        written[f"{name}.html"] = made.body
        written[f"{name}.json"] = data.body
    for name in ASSETS:
        if (found := asset(name)) is not None:
            written[f"assets/{name}"] = found.body
    for name, text in written.items():
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    return list(written)
