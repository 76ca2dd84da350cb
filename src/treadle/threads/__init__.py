"""The Threads API: the only room that speaks to Meta. It knows neither posts nor the store."""

from treadle.threads.client import ThreadsClient

__all__ = ["ThreadsClient"]
