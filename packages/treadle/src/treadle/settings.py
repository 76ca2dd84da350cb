"""Settings, from the environment (``TREADLE_...``) or ``treadle.toml`` in the working directory; the environment wins.

Every setting has a default that works on one machine. Names are fixed: users and checks rely on them.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from treadle.hosts import authority_of, read_allowed
from treadle_diagnosis.paths import absolute

THREADS_API = "https://graph.threads.net"
THREADS_AUTHORIZE = "https://threads.net/oauth/authorize"

SETTLE_LEAST_S = 300.0


class Settings(BaseSettings):
    """One process's settings. Durations are seconds, sizes are bytes."""

    model_config = SettingsConfigDict(env_prefix="TREADLE_", toml_file="treadle.toml", extra="ignore", frozen=True)

    database_url: str = Field("", description="SQLAlchemy address; empty means SQLite in the data directory.")
    data_dir: Path = Field(Path("treadle-data"), validate_default=True, description="Database, key file, media.")
    threads_api_url: str = Field(THREADS_API, description="Base address of the Threads API, without a version.")
    threads_authorize_url: str = THREADS_AUTHORIZE
    threads_timeout: float = Field(
        60.0, gt=0, description="Seconds for one call to Threads, from the connection to the whole answer."
    )
    threads_app_id: str = ""
    threads_app_secret: SecretStr = SecretStr("")
    public_url: str = Field("http://127.0.0.1:8700", description="Where people and Meta reach this server.")
    secret_keys: SecretStr = Field(
        SecretStr(""), description="Fernet keys, comma separated, newest first; empty: key file."
    )
    media_store_url: str = Field("", description="s3://bucket/prefix?...; empty: files are served by this server.")
    media_cage: Literal["auto", "require"] = Field(
        "auto", description="require: no file is decoded where the cage around it would lack a part."
    )
    media_keep_metadata: bool = Field(
        False, description="Keep where and with what pictures and videos were taken in the files served from here."
    )
    media_ready_workers: int = Field(
        1, ge=0, le=16, description="Processes kept ready for the next file, for a minute after the last one."
    )
    publish_settle: float = Field(600.0, ge=0, description="Seconds after an unclear publish before absence is proof.")
    video_reply_wait: float = Field(
        40.0, ge=0, description="Seconds from a video reply's container to its publish; younger ones were detached."
    )
    allow_private_media_hosts: bool = Field(False, description="For the sandbox and tests only.")
    time_scale: float = Field(
        1.0, gt=0, description="Shrinks settle, lease, backoff, spacing, rechecks, retention. Tests only."
    )
    host: str = "127.0.0.1"
    port: int = 8700
    allowed_hosts: str = Field(
        "", description="More hosts that a request may name in Host, besides that of public_url; comma separated."
    )
    trusted_proxies: str = Field(
        "127.0.0.1,::1", description="Addresses or networks whose X-Forwarded-For is believed, comma separated."
    )
    metrics: Literal["key", "open"] = Field("key", description="Whether /metrics needs a key, or is open to everyone.")

    request_head_timeout: float = Field(20.0, gt=0, description="Seconds for the head of a request to arrive.")
    request_body_timeout: float = Field(
        30.0, gt=0, description="Seconds for a body to arrive, and one more for each 500 bytes of it."
    )
    max_connections: int = Field(
        2000, ge=1, description="Connections at a time; a third of the open files the system allows when that is less."
    )
    requests_per_key: int = Field(12_000, ge=1, description="Requests a minute with one API key.")
    requests_per_address: int = Field(3_000, ge=1, description="Requests a minute from one address without a good key.")
    worker_concurrency: int = Field(64, ge=1, description="Runs one worker process advances at the same time.")
    retention_days: int = Field(90, ge=1, description="Timelines of finished posts are kept this long.")
    log_level: str = "info"
    log_format: str = Field("auto", description="auto, json or text.")
    max_lateness: float = Field(86_400.0, ge=0, description="Older than this, a released post is held for a yes.")
    release_spacing: float = Field(2.0, ge=0, description="Seconds between posts of one account let go together.")
    alert_urls: str = Field("", description="Addresses of alert recipients for people, space separated.")
    heartbeat_url: str = Field(
        "", description="Asked for once a minute while posts are worked; the service behind it alarms when it is not."
    )

    @model_validator(mode="before")
    @classmethod
    def _no_other_names(cls, given: Any) -> Any:
        """A misspelled name in treadle.toml would leave its setting at the default without a word."""
        for name in given if isinstance(given, dict) else ():
            if name.lower() not in cls.model_fields:
                raise ValueError(f"There is no setting {name[:100]!r}{nearest(name)}")
        return given

    @model_validator(mode="after")
    def _settle_long_enough(self) -> Self:
        """A settle time too short doubles posts: a publish that seemed lost has been seen to take 222 seconds."""
        if self.publish_settle < SETTLE_LEAST_S and "time_scale" not in self.model_fields_set:
            raise ValueError(
                f"TREADLE_PUBLISH_SETTLE is {self.publish_settle:g} seconds; under {SETTLE_LEAST_S:g} a post can be"
                " published twice. Only tests may go lower: they set TREADLE_TIME_SCALE too."
            )
        return self

    @field_validator("threads_api_url", "threads_authorize_url", "public_url")
    @classmethod
    def _web_address_without_slash(cls, value: str) -> str:
        if authority_of(value) is None:
            raise ValueError(f"{value!r} is no web address; write it like https://threads.example.com")
        return value.rstrip("/")

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return absolute(value)

    @field_validator("allowed_hosts")
    @classmethod
    def _hosts_it_can_read(cls, value: str) -> str:
        read_allowed(value)
        return value

    @field_validator("heartbeat_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        if value and not value.startswith(("https://", "http://")):
            raise ValueError("it is empty or an address that begins with https://")
        return value

    @field_validator("database_url")
    @classmethod
    def _database_it_knows(cls, value: str) -> str:
        kind = value.partition(":")[0].partition("+")[0]
        if value and ("://" not in value or kind not in ("sqlite", "postgres", "postgresql")):
            raise ValueError("it is empty (SQLite) or an address such as postgresql://user:password@host:5432/name")
        return _absolute_sqlite(value) if kind == "sqlite" else value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def retention_s(self) -> float:
        """Seconds for which timelines of finished posts and what else nobody asks for any more are kept."""
        return self.retention_days * 86_400.0 * self.time_scale

    @cached_property
    def resolved_database_url(self) -> str:
        """The database address, SQLite in the data directory unless one is set."""
        if self.database_url:
            url = self.database_url
            for prefix in ("postgres://", "postgresql://"):
                if url.startswith(prefix):
                    return "postgresql+psycopg://" + url.removeprefix(prefix)
            return url
        return f"sqlite:///{self.data_dir / 'treadle.sqlite'}"


def nearest(name: str) -> str:
    """The setting that was probably meant, to stand behind a sentence; empty: none is near."""
    from difflib import get_close_matches

    plain = name.lower().replace("-", "_").removeprefix("treadle_")[:100]
    near = get_close_matches(plain, Settings.model_fields, 1, 0.75)
    return f"; the nearest is {near[0]!r}" if near else ""


def _absolute_sqlite(address: str) -> str:
    """An SQLite address with the file's path made absolute; addresses of databases in memory are left alone."""
    scheme, slashes, rest = address.partition(":///")
    path, mark, query = rest.partition("?")
    if not path or path.startswith((":memory:", "file:")):
        return address
    return f"{scheme}{slashes}{absolute(path)}{mark}{query}"
