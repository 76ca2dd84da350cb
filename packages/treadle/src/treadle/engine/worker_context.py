"""What a run needs: the runtime, settings, a lease, media, and whom it tells what it found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from treadle.accounts.service import Accounts
from treadle.domain.breaker import Breaker
from treadle.domain.fetch_outage import FetchOutage
from treadle.domain.poll_budget import PollBudget
from treadle.domain.run_state import AccountView
from treadle.engine.lease import Lease
from treadle.engine.runtime import Runtime
from treadle.media.service import MediaService
from treadle.settings import Settings
from treadle.store import Connection, Database
from treadle.store.release import Releaser
from treadle.vault import VaultError
from treadle_diagnosis.types import Diagnosis
from treadle_threads import ThreadsClient


@dataclass(slots=True)
class WorkerContext:
    settings: Settings
    runtime: Runtime
    lease: Lease
    media: Callable[[], Awaitable[MediaService]]
    releaser: Releaser
    fetch_outage: FetchOutage = field(default_factory=FetchOutage)
    breaker: Breaker = field(default_factory=Breaker)
    poll_budget: PollBudget = field(default_factory=PollBudget)
    # Records what a diagnosis says of an account's health.
    observe: Callable[[Connection, str, Diagnosis, float], object] = lambda conn, account_id, diagnosis, now: None
    # Records that a publish worked, for an account that was not well.
    worked: Callable[[Connection, str, float], object] = lambda conn, account_id, now: None
    accounts: Accounts | None = None
    close: Callable[[], Awaitable[None]] | None = None

    @property
    def db(self) -> Database:
        return self.runtime.db

    @property
    def scale(self) -> float:
        return self.runtime.scale

    def opens(self, account: AccountView) -> bool:
        """Whether the account's stored token can be opened with the keys there are."""
        try:
            self.client(account)
        except VaultError:
            return False
        return True

    def scaled(self, seconds: float) -> float:
        """One of our own durations, shrunk by the time scale."""
        return seconds * self.runtime.scale

    def now(self) -> float:
        return self.runtime.now()

    def random01(self) -> float:
        return self.runtime.random01()

    def client(self, account: AccountView) -> ThreadsClient:
        return self.runtime.client(account)
