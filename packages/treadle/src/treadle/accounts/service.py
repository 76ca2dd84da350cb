"""What work on accounts needs: settings, database, keys, a client for Threads, and the clock."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from pydantic import SecretStr

from treadle.settings import Settings
from treadle.store import Connection, Database
from treadle.store.release import Releaser
from treadle.vault import Vault, VaultError
from treadle_diagnosis.types import Diagnosis
from treadle_threads import ThreadsClient


class Block(Protocol):
    """Opening a blocker; the engine decides how wide it is."""

    def __call__(
        self,
        conn: Connection,
        diagnosis: Diagnosis,
        *,
        scope: str,
        key: str,
        workspace_id: str,
        now: float,
        scale: float = 1.0,
        stage: str = "unknown",
    ) -> str: ...


@dataclass(frozen=True, slots=True)
class MetaApp:
    """The Meta app's Threads id and secret (not the app's own id: an app has two pairs)."""

    id: str
    secret: SecretStr
    redirect_uri: str


@dataclass(slots=True)
class Accounts:
    """``client`` belongs to the running event loop and carries no token; ``now`` is epoch seconds."""

    settings: Settings
    db: Database
    vault: Vault
    client: ThreadsClient
    repairs: Releaser
    block: Block
    now: Callable[[], float] = time.time
    random01: Callable[[], float] = random.random

    @property
    def app(self) -> MetaApp | None:
        """The Meta app of these settings; ``None`` until id and secret are set."""
        secret = self.settings.threads_app_secret
        if not self.settings.threads_app_id or not secret.get_secret_value():
            return None
        return MetaApp(self.settings.threads_app_id, secret, redirect_uri(self.settings))

    def hold(self, conn: Connection, account_id: str, workspace_id: str, cause: Diagnosis, *, stage: str) -> str:
        """Hold an account's posts behind ``cause`` until it is repaired; the blocker's id."""
        return self.block(
            conn,
            cause,
            scope="account",
            key=account_id,
            workspace_id=workspace_id,
            now=self.now(),
            scale=self.settings.time_scale,
            stage=stage,
        )

    def token(self, sealed: bytes) -> SecretStr | None:
        """The token; ``None`` when no key opens it."""
        try:
            return SecretStr(self.vault.open(sealed))
        except VaultError:
            return None

    def opens(self, sealed: bytes) -> bool:
        """Whether a key opens this token."""
        return self.token(sealed) is not None


def redirect_uri(settings: Settings) -> str:
    """The address to list at Meta under Redirect Callback URLs, byte for byte."""
    return f"{settings.public_url}/threads/callback"
