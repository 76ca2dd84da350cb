"""From any error answer to a cause, a next step and an honest word on retrying. Pure: no clock, no network.

>>> from treadle_diagnosis import diagnose
>>> diagnose({"error": {"code": 190, "error_subcode": 463}}).action
'reconnect'
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from treadle_diagnosis.engine import NOTHING, UNKNOWN, as_evidence, diagnose, diagnose_evidence, from_pattern
    from treadle_diagnosis.types import Diagnosis, Evidence, RetryAdvice

__version__ = "0.2.0"

__all__ = [
    "NOTHING",
    "UNKNOWN",
    "Diagnosis",
    "Evidence",
    "RetryAdvice",
    "as_evidence",
    "diagnose",
    "diagnose_evidence",
    "from_pattern",
]

_HOMES = {"Diagnosis": "types", "Evidence": "types", "RetryAdvice": "types"}

if not TYPE_CHECKING:  # types know the names from above, and no others

    def __getattr__(name: str) -> object:
        """The names above, imported when one is first asked for: whoever needs one module pays for no other."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'engine')}"), name)
        globals()[name] = value
        return value
