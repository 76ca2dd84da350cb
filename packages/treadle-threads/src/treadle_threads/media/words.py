"""Figures as people read them."""

from __future__ import annotations


def megabytes(size: float) -> str:
    """Bytes in decimal units: ``"8.4 MB"``."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= scale:
            return f"{size / scale:.3g} {unit}"
    return f"{size:.0f} bytes"


def megabits(rate: float) -> str:
    """Bits per second: ``"25 Mbit/s"``, ``"191 kbit/s"``."""
    return f"{rate / 1e6:.3g} Mbit/s" if rate >= 1e6 else f"{rate / 1e3:.3g} kbit/s"


def clock(seconds: float) -> str:
    """Minutes and seconds, ``"5:00"``; hours in front when there are any."""
    whole = int(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"
