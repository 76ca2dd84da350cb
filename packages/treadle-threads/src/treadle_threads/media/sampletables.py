"""The sample tables of an MP4 track: how many samples, how long, how large, which are sync samples.

Pure Python over :mod:`array`: one to five milliseconds for a file of minutes. Counts are capped, because a crafted
index can claim millions of samples in a few bytes.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate, chain, pairwise, repeat

from treadle_threads.media.bits import Malformed

MAX_SAMPLES = 500_000
"""Samples read of one file, all tracks together: two hours of 60 frames a second."""


class TooLarge(Exception):
    """More samples than are read here; the file may still be in order."""


@dataclass(slots=True)
class SampleTables:
    """Raw tables of one track, by box type; each value is the content of that box."""

    tables: dict[str, bytes] = field(default_factory=dict)

    def _numbers(self, name: str, offset: int, count: int) -> array[int]:
        content = self.tables[name]
        if offset + count * 4 > len(content):
            raise Malformed(f"the table {name} is cut off")
        if count > 3 * MAX_SAMPLES:
            raise TooLarge(name)
        values = array("I")
        values.frombytes(content[offset : offset + count * 4])
        if sys.byteorder == "little":
            values.byteswap()
        return values

    def _count(self, name: str, offset: int = 4) -> int:
        value: int = struct.unpack_from(">I", self.tables[name], offset)[0]
        return value

    def durations(self) -> list[tuple[int, int]]:
        """``stts`` as (how many samples, ticks each)."""
        if "stts" not in self.tables:
            return []
        values = self._numbers("stts", 8, 2 * self._count("stts"))
        runs = list(zip(values[0::2], values[1::2], strict=True))
        if sum(count for count, _ in runs) > MAX_SAMPLES:
            raise TooLarge("stts")
        return runs

    def sizes(self) -> tuple[int, Sequence[int] | None]:
        """All bytes of the samples, and each one's size (``None`` when they are all the same)."""
        if "stsz" not in self.tables:
            return 0, None
        same, count = self._count("stsz", 4), self._count("stsz", 8)
        if same:
            return same * count, None
        if count > MAX_SAMPLES:
            raise TooLarge("stsz")
        values = self._numbers("stsz", 12, count)
        return sum(values), values

    def sync_samples(self) -> Sequence[int] | None:
        """Numbers (from 1) of the sync samples; ``None``: the table is absent, every sample is one."""
        if "stss" not in self.tables:
            return None
        return self._numbers("stss", 8, self._count("stss"))

    def composition_offsets(self) -> tuple[array[int], array[int]] | None:
        """``ctts`` as counts and signed offsets (encoders write negative ones in version 0 as well)."""
        if "ctts" not in self.tables:
            return None
        values = self._numbers("ctts", 8, 2 * self._count("ctts"))
        offsets = array("i")
        offsets.frombytes(values[1::2].tobytes())
        return values[0::2], offsets

    def presentation_times(self, runs: list[tuple[int, int]], samples: int) -> array[int] | None:
        """When each sample is shown, in ticks, in file order; ``None`` when there are no composition offsets."""
        composition = self.composition_offsets()
        if composition is None:
            return None
        counts, offsets = composition
        if sum(counts) != samples:
            return None
        shift = chain.from_iterable(repeat(value, count) for value, count in zip(offsets, counts, strict=True))
        decode = accumulate(chain([0], chain.from_iterable(repeat(ticks, count) for count, ticks in runs)))
        return array("q", (a + b for a, b in zip(decode, shift, strict=False)))

    def _chunks(self) -> Sequence[int]:
        """Where each chunk of samples begins; none when there is no table."""
        if "stco" in self.tables:
            return self._numbers("stco", 8, self._count("stco"))
        if "co64" not in self.tables:
            return ()
        count = self._count("co64")
        if count > MAX_SAMPLES:
            raise TooLarge("co64")
        return struct.unpack_from(f">{count}Q", self.tables["co64"], 8)

    def contradiction(self, samples: int) -> tuple[str, int]:
        """Why the tables cannot be true together (empty: they can), and the furthest beginning of a chunk."""
        chunks = self._chunks()
        furthest = max(chunks, default=0)
        if not samples:
            return "", furthest
        if "stsz" not in self.tables and "stz2" not in self.tables:
            return "it lists no sizes", furthest
        if not chunks or "stsc" not in self.tables or not self._count("stsc"):
            return "it does not say where the samples lie", furthest
        flat = self._numbers("stsc", 8, 3 * self._count("stsc"))
        firsts, each = flat[0::3], flat[1::3]
        if firsts[0] != 1 or firsts[-1] > len(chunks):
            return "it speaks of pieces that are not there", furthest
        listed = sum(
            (later - first) * count
            for first, later, count in zip(firsts, [*firsts[1:], len(chunks) + 1], each, strict=True)
        )
        counted = self._count("stsz", 8) if "stsz" in self.tables else samples
        return ("it places fewer samples than it counts" if listed < min(samples, counted) else ""), furthest

    def positions(self, wanted: Sequence[int], sizes: Sequence[int]) -> list[tuple[int, int]]:
        """Byte offset and size of the samples with the (ascending, from 1) numbers in ``wanted``."""
        if "stsc" not in self.tables or not wanted:
            return []
        chunks = self._chunks()
        if not chunks:
            return []
        flat = self._numbers("stsc", 8, 3 * self._count("stsc"))
        firsts, per_chunk = flat[0::3], flat[1::3]
        if any(later <= earlier for earlier, later in pairwise(firsts)):
            raise Malformed("the chunk table runs backwards")
        found: list[tuple[int, int]] = []
        ahead = iter(wanted)
        following = next(ahead, None)
        sample = 1
        for index, (first, count) in enumerate(zip(firsts, per_chunk, strict=True)):
            last = firsts[index + 1] if index + 1 < len(firsts) else len(chunks) + 1
            for chunk in range(first, min(last, len(chunks) + 1)):
                while following is not None and sample <= following < sample + count:
                    before = sum(sizes[sample - 1 : following - 1])
                    found.append((chunks[chunk - 1] + before, sizes[following - 1]))
                    following = next(ahead, None)
                if following is None:
                    return found
                sample += count
        return found


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How regular the frames come. Rates in frames per second; ``irregular_share`` is the share of frames whose
    duration is more than 10 % off the median."""

    average: float
    median: float
    irregular_share: float


def rhythm(runs: list[tuple[int, int]], timescale: int) -> Rhythm | None:
    """Frame rates from ``stts``. The last frame's duration is often made up by the muxer, so it is left out."""
    samples = sum(count for count, _ in runs)
    total = sum(count * ticks for count, ticks in runs)
    if not samples or not total or not timescale:
        return None
    counted = runs[:-1] if len(runs) > 1 and runs[-1][0] == 1 else runs
    histogram: dict[int, int] = {}
    for count, ticks in counted:
        if ticks:
            histogram[ticks] = histogram.get(ticks, 0) + count
    if not histogram:
        return None
    known = sum(histogram.values())
    seen, median = 0, 0
    for ticks in sorted(histogram):
        seen += histogram[ticks]
        if seen * 2 >= known:
            median = ticks
            break
    irregular = sum(count for ticks, count in histogram.items() if abs(ticks - median) > 0.1 * median + 1)
    return Rhythm(samples * timescale / total, timescale / median, irregular / known)


def leading_pictures(times: array[int], sync: Sequence[int], samples: int) -> int:
    """Groups whose first picture in the file is not the first one shown: each is an open group of pictures."""
    if not len(sync) or sync[0] < 1 or sync[-1] > samples or len(times) < samples:
        return 0
    ends = chain(sync[1:], [samples + 1])
    return sum(
        1
        for start, end in zip(sync, ends, strict=True)
        if end > start and min(times[start - 1 : end - 1]) < times[start - 1]
    )
