"""The state of one sandbox and the few questions every answer asks of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from treadle_sandbox.clock import Clock
from treadle_sandbox.faults import Faults
from treadle_sandbox.fetcher import Fetcher
from treadle_sandbox.ids import Ids
from treadle_sandbox.model import ALL_SCOPES, Account, App, Code, Container, Post, Token
from treadle_sandbox.options import Options
from treadle_sandbox.processing import processing_s
from treadle_sandbox.record import Recorder

DEFAULT_APP_ID = "1357924680123456"
DEFAULT_APP_SECRET = "sandbox-app-secret"
DAY = 86_400.0


@dataclass(slots=True)
class Tables:
    """Everything that a reset empties and a snapshot keeps."""

    apps: dict[str, App] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    containers: dict[str, Container] = field(default_factory=dict)
    posts: dict[str, Post] = field(default_factory=dict)
    seq: int = 0


class World:
    """One sandbox's state. Not thread-safe: everything happens on the server's event loop."""

    def __init__(self, options: Options, *, app: App | None = None, clock: Clock | None = None) -> None:
        self.options = options
        self.first_options = options
        self.first_app = app or App(DEFAULT_APP_ID, DEFAULT_APP_SECRET)
        self.clock = clock or Clock()
        self.base_url = ""
        self.on_post: Callable[[Post], None] | None = None
        self.on_delete: Callable[[Post], None] | None = None
        self.on_callback: Callable[[Account, str], None] | None = None
        self.on_verify: Callable[[], None] | None = None
        self.fetcher = Fetcher()
        self.reset()

    def reset(self) -> None:
        """Back to how it started: one app, no account, no posts, no faults, the real time."""
        self.options = self.first_options
        self.clock.reset()
        self.ids = Ids(self.options.seed)
        self.faults = Faults(self.ids)
        self.recorder = Recorder(self.options.record)
        self.tables = Tables()
        self._magic: dict[str, int] = {}
        self.deliveries: deque[dict[str, Any]] = deque(maxlen=200)
        self.usernames: dict[str, str] = {}
        first = self.first_app
        self.tables.apps[first.id] = App(
            first.id,
            first.secret,
            first.name,
            first.mode,
            first.access,
            list(first.permissions),
            list(first.redirect_uris),
            first.deauthorize_url,
            first.delete_data_url,
            first.webhook_url,
            first.webhook_verify_token,
            list(first.webhook_fields),
        )
        self.changed = True

    @property
    def app(self) -> App:
        """The app of this sandbox; there is always at least one."""
        return next(iter(self.tables.apps.values()))

    def now(self) -> float:
        return self.clock.now()

    def processing_s(self, media_type: str, size: int) -> float:
        """Seconds from the end of the fetch until a container of ``media_type`` and ``size`` bytes is ready."""
        options = self.options
        return processing_s(options.processing, media_type, size, self.ids) * options.processing_scale

    # Accounts and tokens -------------------------------------------------------------------------------------------

    def add_account(self, username: str = "", **facts: Any) -> Account:
        """A new profile; ``username`` must be free. Unknown facts are a ``TypeError``."""
        username = username or self._free_username()
        account_id = str(facts.pop("id", "") or self.ids.user_id())
        facts.setdefault("name", username.replace("_", " ").replace(".", " ").title())
        account = Account(id=account_id, username=username, **facts)
        self.tables.accounts[account.id] = account
        self.usernames[username.lower()] = account.id
        self.changed = True
        return account

    def _free_username(self) -> str:
        for number in range(1, 1_000_000):
            name = f"weaver{number}"
            if name not in self.usernames:
                return name
        raise RuntimeError("no user name left")

    def find_account(self, key: object) -> Account | None:
        """By id or by user name, with or without the ``@``."""
        text = str(key)
        return self.tables.accounts.get(text) or self.tables.accounts.get(
            self.usernames.get(text.lstrip("@").lower(), "")
        )

    def issue_token(
        self,
        account: Account | None,
        app: App | None = None,
        *,
        kind: str = "long",
        scopes: tuple[str, ...] = ALL_SCOPES,
        lifetime_s: float | None = None,
        granted_at: float | None = None,
        value: str | None = None,
        age_s: float = 0.0,
    ) -> Token:
        now = self.now() - age_s
        if lifetime_s is None:
            lifetime_s = self.options.long_token_s if kind == "long" else self.options.short_token_s
        token = Token(
            value=value or self.ids.token("V" if kind == "short" else "W"),
            account_id=account.id if account else None,
            app_id=(app or self.app).id,
            kind=kind,
            scopes=scopes,
            issued_at=now,
            expires_at=now + lifetime_s,
            granted_at=now if granted_at is None else granted_at,
            tester=account.tester if account else "accepted",
        )
        self.tables.tokens[token.value] = token
        self.changed = True
        return token

    # Quotas: moving windows of a day -------------------------------------------------------------------------------

    def used(self, account: Account, bucket: str) -> int:
        window = account.used.get(bucket)
        if not window:
            return 0
        edge = self.now() - DAY
        while window and window[0] <= edge:
            window.popleft()
        return len(window)

    def use(self, account: Account, bucket: str) -> None:
        window = account.used.get(bucket)
        if window is None:
            window = account.used[bucket] = deque()
        window.append(self.now())

    def count_call(self, account: Account, now: float) -> int:
        """Counts one call of this app and account; calls of the last day, this one included."""
        calls = account.calls
        calls.append(now)
        edge = now - DAY
        while calls[0] <= edge:
            calls.popleft()
        return len(calls)

    def publish_refused_after_effect(self) -> bool:
        """Whether the next publish goes out and is refused all the same; counts down the switch."""
        left = self.options.publish_refuses_after_effect
        if left:
            self.options = self.options.changed({"publish_refuses_after_effect": left - 1})
        return bool(left)

    def magic_used(self, key: str) -> int:
        """Counts one call that a word of the request concerns; this one included."""
        if len(self._magic) > 10_000:
            self._magic.clear()
        self._magic[key] = self._magic.get(key, 0) + 1
        return self._magic[key]

    # Posts ---------------------------------------------------------------------------------------------------------

    def next_seq(self) -> int:
        self.tables.seq += 1
        return self.tables.seq

    def post(self, post_id: str) -> Post | None:
        """A post that exists and is not deleted."""
        post = self.tables.posts.get(post_id)
        return post if post is not None and post.deleted_at is None else None

    def announce(self, post: Post) -> None:
        """Tells whoever listens (webhooks) that ``post`` went out."""
        if self.on_post is not None:
            self.on_post(post)

    def call_back(self, account: Account, what: str) -> None:
        """Has Threads tell the app: ``deauthorize`` or ``delete-data``."""
        if self.on_callback is not None:
            self.on_callback(account, what)

    def verify_webhook(self) -> None:
        if self.on_verify is not None:
            self.on_verify()

    def lag(self, account: Account) -> float:
        return self.options.list_lag_s if account.list_lag_s is None else account.list_lag_s
