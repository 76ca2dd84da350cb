"""The catalogue: every answer Meta is known to give, as data.

``load()`` gives the whole :class:`Catalog`, read once per process: in a checkout from the TOML files in ``patterns/``,
in an installed package from the compact form that was made of them (see :mod:`treadle_diagnosis.catalog.build`).
"""

from __future__ import annotations

from treadle_diagnosis.catalog.loading import load
from treadle_diagnosis.catalog.model import Catalog, Category, Example, Match, Pattern, Reference, Retry

__all__ = ["Catalog", "Category", "Example", "Match", "Pattern", "Reference", "Retry", "load"]
