"""The client of Treadle's API: :class:`Treadle`, and :class:`AsyncTreadle` to be awaited."""

from treadle_client import types
from treadle_client.async_client import AsyncTreadle
from treadle_client.client import Treadle
from treadle_client.errors import ApiError, ConnectionFailed, SignatureError, TreadleError
from treadle_client.waiting import NotSettled
from treadle_client.webhooks import verify

__version__ = "0.2.0"

__all__ = [
    "ApiError",
    "AsyncTreadle",
    "ConnectionFailed",
    "NotSettled",
    "SignatureError",
    "Treadle",
    "TreadleError",
    "types",
    "verify",
]
