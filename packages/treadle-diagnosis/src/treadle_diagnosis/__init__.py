"""From any error answer to a cause, a next step and an honest word on retrying. Pure: no clock, no network.

>>> from treadle_diagnosis import diagnose
>>> diagnose({"error": {"code": 190, "error_subcode": 463}}).action
'reconnect'
"""

from __future__ import annotations

from treadle_diagnosis.engine import NOTHING, UNKNOWN, as_evidence, diagnose, diagnose_evidence, from_pattern
from treadle_diagnosis.types import Diagnosis, Evidence, RetryAdvice

__version__ = "0.1.0"

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
