"""Media as Threads sees it: fetch check, probe, rules, repair at least cost, hosting.

:class:`treadle.media.service.MediaService` is the way in for everything that does input and output;
:func:`probe_file`, :func:`probe_bytes` and :func:`validate` are pure and need nothing.
"""

from __future__ import annotations

from treadle.media.facts import AudioFacts, ImageFacts, MediaProbe, VideoFacts
from treadle.media.finding import Finding, RepairKind
from treadle.media.probe import probe_bytes, probe_file
from treadle.media.spec import THREADS, ImageSpec, ThreadsSpec, VideoSpec
from treadle.media.validate import validate

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
