"""Media as Threads sees it: facts from files and addresses, rules, and repair at the least cost.

:func:`probe_file`, :func:`probe_bytes` and :func:`validate` need nothing but the standard library. Everything is loaded
when it is first touched, so that the address guard can be had without the readers of media.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from treadle_threads.media.facts import AudioFacts, ImageFacts, MediaProbe, VideoFacts
    from treadle_threads.media.finding import Finding, RepairKind
    from treadle_threads.media.probe import probe_bytes, probe_file
    from treadle_threads.media.rules import validate
    from treadle_threads.media.spec import THREADS, ImageSpec, ThreadsSpec, VideoSpec

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


_HOMES = {
    "THREADS": "spec",
    "ImageSpec": "spec",
    "ThreadsSpec": "spec",
    "VideoSpec": "spec",
    "AudioFacts": "facts",
    "ImageFacts": "facts",
    "MediaProbe": "facts",
    "VideoFacts": "facts",
    "Finding": "finding",
    "RepairKind": "finding",
    "probe_bytes": "probe",
    "probe_file": "probe",
    "validate": "rules",  # no name given out here may be that of a module: importing that would hide it
}


def __getattr__(name: str) -> Any:
    if home := _HOMES.get(name):
        from importlib import import_module

        return getattr(import_module(f"treadle_threads.media.{home}"), name)
    raise AttributeError(f"module 'treadle_threads.media' has no attribute {name!r}")
