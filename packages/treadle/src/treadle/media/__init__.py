"""Media on the server: kept files, hosting, repair jobs. Facts and rules are in :mod:`treadle_threads.media`.

What that package offers is also importable from here, where it was before it became a package of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from treadle_threads.media import (
        THREADS,
        AudioFacts,
        Finding,
        ImageFacts,
        ImageSpec,
        MediaProbe,
        RepairKind,
        ThreadsSpec,
        VideoFacts,
        VideoSpec,
        probe_bytes,
        probe_file,
        validate,
    )

__all__ = [
    "THREADS",
    "AudioFacts",
    "Finding",
    "ImageFacts",
    "ImageSpec",
    "MediaProbe",
    "RepairKind",
    "ThreadsSpec",
    "VideoFacts",
    "VideoSpec",
    "probe_bytes",
    "probe_file",
    "validate",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        import treadle_threads.media

        return getattr(treadle_threads.media, name)
    raise AttributeError(f"module 'treadle.media' has no attribute {name!r}")
