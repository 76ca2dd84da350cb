"""Curves over time as a PNG, drawn with what the project has anyway."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

WIDTH, PANEL, MARGIN, GAP = 1200, 220, 70, 46
COLOURS = ("#1f6f8b", "#c1440e", "#4a7c3a", "#7a4a8c", "#b8860b", "#555555", "#d16ba5", "#2f9e8f")
INK, GRID = "#222222", "#dddddd"


def draw(path: Path, title: str, panels: Mapping[str, Mapping[str, Sequence[tuple[float, float]]]]) -> None:
    """``panels``: title -> curve -> (minutes, value) in order. All panels share the time axis."""
    height = MARGIN + len(panels) * (PANEL + GAP) + 20
    image = Image.new("RGB", (WIDTH, height), "white")
    pen, font, large = ImageDraw.Draw(image), ImageFont.load_default(14), ImageFont.load_default(20)
    pen.text((MARGIN, 18), title, INK, large)
    end = max((x for curves in panels.values() for points in curves.values() for x, _ in points), default=1) or 1
    for number, (name, curves) in enumerate(panels.items()):
        top = MARGIN + number * (PANEL + GAP)
        bottom, left, right = top + PANEL, MARGIN, WIDTH - 220
        most = max((y for points in curves.values() for _, y in points), default=1) or 1
        pen.text((left, top - 20), name, INK, font)
        for share in (0, 0.5, 1):
            y = bottom - share * PANEL
            pen.line((left, y, right, y), GRID)
            pen.text((8, y - 8), f"{most * share:,.4g}", INK, font)
        for share in (0, 0.25, 0.5, 0.75, 1):
            pen.text((left + share * (right - left) - 12, bottom + 4), f"{end * share:.1f} min", INK, font)
        for index, (curve, points) in enumerate(curves.items()):
            colour = COLOURS[index % len(COLOURS)]
            line = [(left + x / end * (right - left), bottom - y / most * PANEL) for x, y in points]
            if len(line) > 1:
                pen.line(line, colour, 2)
            pen.text((right + 14, top + 20 * index), curve, colour, font)
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
