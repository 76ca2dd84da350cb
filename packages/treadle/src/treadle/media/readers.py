"""Which picture formats can be converted on this machine: asked once, so that every answer about a file is the same."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec

from treadle_threads.media.spec import READABLE

_BY_LIBRARY = {"webp": "webp", "avif": "avif", "jp2": "jpg_2000"}


@lru_cache(maxsize=1)
def here() -> frozenset[str]:
    """The formats, by the names of :func:`treadle_threads.media.imagehead.sniff_image`. Nothing is decoded."""
    from PIL import features

    missing = {kind for kind, library in _BY_LIBRARY.items() if not features.check(library)}
    if find_spec("pillow_heif") is None:
        missing |= {"heic", "heif"}
    return READABLE - missing
