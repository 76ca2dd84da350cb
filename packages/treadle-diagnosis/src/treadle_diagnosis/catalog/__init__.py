"""The catalogue: every answer Meta is known to give, as data.

``load()`` gives the whole :class:`Catalog`; it is read once per process from a compact form of the TOML files in
``patterns/`` (see :mod:`treadle_diagnosis.catalog.build`).
"""

from __future__ import annotations

from treadle_diagnosis.catalog.loading import load
from treadle_diagnosis.catalog.model import Catalog, Category, Example, Match, Pattern, Reference, Retry

__all__ = ["Catalog", "Category", "Example", "Match", "Pattern", "Reference", "Retry", "load"]
