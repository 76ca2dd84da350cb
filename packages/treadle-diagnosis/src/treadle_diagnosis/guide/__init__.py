"""The guide: a page for every answer Meta can give, rendered for the server or as static files.

``render(path)`` answers a request below ``/guide``; :func:`treadle_diagnosis.guide.static.build` writes the same pages
to a directory. Both are made from the catalogue alone.
"""

from __future__ import annotations

from treadle_diagnosis.guide.site import Page, render

__all__ = ["Page", "render"]
