"""A soak: mixed posts for a long time, with random faults and restarts; nothing lost, nothing doubled, memory flat.

``make soak`` (an hour) or ``make soak ARGS=--quick`` (five minutes). Never part of CI. A sandbox and a server run as
processes of their own; posts go in through the HTTP API, faults through the sandbox's control API, and the server is
killed with SIGKILL or stopped with SIGTERM now and then, but for the last third, which shows what memory does when
nobody restarts. Treadle's own pauses and what it keeps are shrunk alike: an hour sees two days, timelines are kept for
one. At the end faults stop, causes are repaired, everything comes to rest, and the sandbox's ledger is held against
what the server says of each post. Draws build/soak.png.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from bench.measure import ROOT
from bench.plot import draw
from bench.processes import environment, running
from bench.serving import tree_memory
from tests.support.postgres import own_cluster
from treadle.demo.studio import Host
from treadle.media import samples
from treadle_sandbox import Control

TREADLE = str(Path(sys.executable).with_name("treadle"))
ACCOUNTS = 8
SCALE = 0.02  # of Treadle's own pauses: an hour sees what two days would
FAULTS: list[dict[str, Any]] = [
    {"endpoint": "publish", "when": "after", "answer": {"drop": True}},
    {"endpoint": "publish", "when": "after", "answer": {"status": 500, "body": {"error": {"code": 2}}}},
    {"endpoint": "publish", "when": "before", "answer": {"drop": True}},
    {"endpoint": "create", "when": "before", "answer": {"status": 500, "body": {"error": {"code": 1}}}},
    {"endpoint": "create", "when": "after", "answer": {"drop": True}},
    {"endpoint": "status", "answer": {"delay_s": 3}},
    {"endpoint": "list", "answer": {"status": 503, "body": "<html>busy</html>"}},
    {"endpoint": "read", "answer": {"drop": True}},
]
STATE = re.compile(r'^treadle_posts\{state="(\w+)"\} (\S+)$', re.MULTILINE)
SETTLED = {"published", "failed", "canceled", "held"}


@dataclass(slots=True)
class Record:
    """What happened, for the verdict and the plot."""

    began: float = field(default_factory=time.monotonic)
    posts: dict[str, str] = field(default_factory=dict)  # post id -> the text nobody else has
    curves: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    events: Counter[str] = field(default_factory=Counter)
    restarted: float = 0.0  # minutes at which the server was started last

    def minutes(self) -> float:
        return (time.monotonic() - self.began) / 60

    def add(self, curve: str, value: float) -> None:
        self.curves.setdefault(curve, []).append((self.minutes(), value))


class Server:
    """``treadle serve`` (and a worker beside it on PostgreSQL), to be killed and started again."""

    def __init__(self, folder: Path, settings: dict[str, str], workers: int) -> None:
        self.settings, self.workers = settings, workers
        self.log = open(folder / "server.log", "ab")  # noqa: SIM115 - kept open for every process to come
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        commands = [[TREADLE, "serve"], *([TREADLE, "worker"] for _ in range(self.workers))]
        self.processes = [
            subprocess.Popen(command, env=environment(self.settings), stdout=self.log, stderr=self.log, cwd=ROOT)
            for command in commands
        ]

    def end(self, how: signal.Signals) -> None:
        for process in self.processes:
            process.send_signal(how)
        for process in self.processes:
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def memory_mb(self) -> float:
        total = 0.0
        for process in self.processes:
            try:
                total += tree_memory(process.pid)
            except psutil.Error:
                continue
        return total


class Soak:
    def __init__(
        self, url: str, key: str, control: Control, server: Server, accounts: list[str], media: dict[str, str]
    ) -> None:
        self.url, self.control, self.server, self.accounts, self.media = url, control, server, accounts, media
        self.headers = {"Authorization": f"Bearer {key}"}
        self.record = Record()
        self.chance = random.Random(20)
        self.session: aiohttp.ClientSession
        self.over = asyncio.Event()

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """One call; 0 when the server is away, which it is now and then on purpose."""
        try:
            async with self.session.request(
                method, self.url + path, json=body, headers={**self.headers, **headers}
            ) as answer:
                text = await answer.text()
                return answer.status, json.loads(text) if text.startswith(("{", "[")) else text
        except (aiohttp.ClientError, TimeoutError, OSError):
            return 0, None

    async def writer(self, rate: float) -> None:
        """Creates posts; the same key until an answer comes, as a careful client does."""
        number = 0
        while not self.over.is_set():
            await asyncio.sleep(self.chance.expovariate(rate))
            number += 1
            text = f"Soak {number} {self.chance.getrandbits(48):012x}"
            body: dict[str, Any] = {"account_id": self.chance.choice(self.accounts), "text": text}
            picture, video = {"url": self.media["picture"]}, {"url": self.media["video"]}
            match number % 10:
                case 0 | 5:
                    body["replies"] = [{"text": f"{text} reply {n}"} for n in range(2)]
                case 3:
                    body["media"] = [picture]
                case 6:
                    body["media"] = [video]
                case 8:
                    body["media"] = [picture, video, picture]
            if number % 7 == 0:
                body["publish_at"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 20))
            while True:
                status, answer = await self.call("POST", "/v1/posts", body, **{"Idempotency-Key": f"soak-{number}"})
                if status in (200, 201, 202):
                    self.record.posts[answer["id"]] = text
                    self.record.events["accepted"] += 1
                    break
                if status not in (0, 503):
                    raise RuntimeError(f"creating a post was answered with {status}: {answer}")
                await asyncio.sleep(0.5)

    async def trouble(self, restarts_until: float) -> None:
        """Faults, dead tokens and, for ``restarts_until`` seconds, restarts; one of these every few seconds."""
        while not self.over.is_set():
            await asyncio.sleep(self.chance.uniform(2, 6))
            restarts = self.record.minutes() * 60 < restarts_until
            kind = self.chance.choices(("fault", "revoke", "kill", "stop"), (12, 1, 2 * restarts, restarts))[0]
            if kind in ("kill", "stop"):
                self.record.restarted = self.record.minutes()
            self.record.events[kind] += 1
            if kind == "fault":
                fault = {**self.chance.choice(FAULTS), "times": self.chance.randint(1, 4)}
                # One at a time: faults that pile up while nobody asks would be an outage without end.
                await asyncio.to_thread(self.control.end_fault)
                await asyncio.to_thread(self.control.call, "POST", "/faults", fault)
            elif kind == "revoke":
                asyncio.create_task(self._revoke())  # noqa: RUF006 - it ends by itself, the run waits for rest below
            else:
                how = signal.SIGKILL if kind == "kill" else signal.SIGTERM
                await asyncio.to_thread(self.server.end, how)
                await asyncio.to_thread(self.server.start)

    async def _revoke(self) -> None:
        name = f"bench{self.chance.randrange(ACCOUNTS)}"
        await asyncio.to_thread(self.control.revoke, name)
        await asyncio.sleep(self.chance.uniform(3, 10))
        await self.reconnect(name)

    async def reconnect(self, name: str) -> None:
        token = (await asyncio.to_thread(self.control.token, name))["access_token"]
        done = await asyncio.to_thread(self._add_token, token)
        self.record.events["reconnected" if done else "reconnect failed"] += 1

    def _add_token(self, token: str) -> bool:
        command = [TREADLE, "accounts", "add", "--token", token, "--json"]
        for _ in range(5):
            done = subprocess.run(
                command, env=environment(self.server.settings), capture_output=True, check=False, cwd=ROOT
            )
            if done.returncode == 0:
                return True
            time.sleep(1)
        return False

    async def watch(self, database: str | None) -> None:
        while not self.over.is_set():
            self.record.add("memory, MB", await asyncio.to_thread(self.server.memory_mb))
            self.record.add("accepted", self.record.events["accepted"])
            for state, count in (await self.states()).items():
                self.record.add(state, count)
            if database is not None:
                self.record.add("database, MB", await asyncio.to_thread(_size_mb, database))
            await asyncio.sleep(2)

    async def states(self) -> dict[str, float]:
        """Posts by state as the server counts them; empty when it is away."""
        status, text = await self.call("GET", "/metrics")
        return {state: float(count) for state, count in STATE.findall(text)} if status == 200 else {}

    async def read_all(self) -> dict[str, Any]:
        """Every post as the server tells it, page by page; empty when the server is away."""
        found: dict[str, Any] = {}
        path = "/v1/posts?limit=200"
        while path:
            status, page = await self.call("GET", path)
            if status != 200:
                return {}
            found.update({post["id"]: post for post in page["data"]})
            path = f"/v1/posts?limit=200&after={page['next']}" if page["next"] else ""
        return found

    async def rest(self, limit_s: float) -> dict[str, Any]:
        """Stop the faults, repair what can be, and wait until every post has come to rest."""
        await asyncio.to_thread(self.control.end_fault)
        for number in range(ACCOUNTS):
            await self.reconnect(f"bench{number}")
        deadline = time.monotonic() + limit_s
        found: dict[str, Any] = {}
        while time.monotonic() < deadline:
            found = await self.read_all()
            open_posts = [post for post in found.values() if post["state"] not in SETTLED]
            if found and not open_posts:
                break
            for post in open_posts:
                if post["state"] == "blocked":
                    for blocker in post.get("blocker_ids") or []:
                        await self.call("POST", f"/v1/blockers/{blocker}/recheck")
            await asyncio.sleep(2)
        return found


def _size_mb(path: str) -> float:
    return os.path.getsize(path) / 1e6 if os.path.exists(path) else 0.0


def verdict(soak: Soak, told: dict[str, Any]) -> list[str]:
    """What is wrong, one sentence each; empty when nothing is."""
    wrong = []
    live = Counter(str(post.get("text", "")) for post in soak.control.posts())
    for post_id, text in soak.record.posts.items():
        if post_id not in told:
            wrong.append(f"{post_id} was accepted and is not known any more")
            continue
        state, out = told[post_id]["state"], live[text]
        if out > 1:
            wrong.append(f"{post_id} is on Threads {out} times ({state})")
        if state == "published" and out != 1:
            wrong.append(f"{post_id} is said to be published and is on Threads {out} times")
        if state not in SETTLED:
            wrong.append(f"{post_id} did not come to rest: {state}, {told[post_id].get('why')}")
        if state == "failed" and out and len(told[post_id]["parts"]) == 1:
            wrong.append(f"{post_id} is said to have failed and is on Threads")
    for text, count in live.items():
        if text.startswith("Soak") and count > 1 and f"is on Threads {count}" not in " ".join(wrong):
            wrong.append(f"'{text}' is on Threads {count} times")
    return wrong


async def run(seconds: float, rate: float, postgres: bool, plot: Path) -> int:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="treadle-soak-")))
        _, ready = stack.enter_context(
            running("-m", "bench.workers.sandbox", ACCOUNTS, "publish_lag_s=0", log=folder / "sandbox.log")
        )
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        settings = {
            "TREADLE_DATA_DIR": str(folder / "data"),
            "TREADLE_PORT": str(port),
            "TREADLE_PUBLIC_URL": url,
            "TREADLE_THREADS_API_URL": ready["url"],
            "TREADLE_THREADS_AUTHORIZE_URL": ready["authorize_url"],
            "TREADLE_THREADS_APP_ID": ready["app_id"],
            "TREADLE_THREADS_APP_SECRET": ready["app_secret"],
            "TREADLE_ALLOW_PRIVATE_MEDIA_HOSTS": "1",
            "TREADLE_TIME_SCALE": str(SCALE),
            "TREADLE_RETENTION_DAYS": "1",
            "TREADLE_LOG_LEVEL": "warning",
        }
        if postgres:
            settings["TREADLE_DATABASE_URL"] = stack.enter_context(own_cluster()).create_database("soak")
        treadle = partial(_cli, settings)
        treadle("migrate")
        key = treadle("keys", "create", "--name", "soak", "--json")["key"]
        accounts = [
            treadle("accounts", "add", "--token", account["access_token"], "--json")["account_id"]
            for account in ready["accounts"]
        ]
        server = Server(folder, settings, workers=2 if postgres else 0)
        stack.callback(server.end, signal.SIGTERM)
        server.start()
        host = Host(
            {
                "picture": samples.picture(folder / "picture.jpg", text="Soak"),
                "video": samples.good_video(folder / "video.mp4", seconds=2.0),
            }
        )
        await host.start()
        stack.push_async_callback(host.stop)
        soak = Soak(url, key, Control.connect(ready["url"], 30), server, accounts, host.urls)
        soak.session = await stack.enter_async_context(
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30), trust_env=False)
        )
        database = None if postgres else str(folder / "data" / "treadle.sqlite")
        tasks = [
            asyncio.create_task(work)
            for work in (soak.writer(rate), soak.trouble(seconds * 2 / 3), soak.watch(database))
        ]
        print(f"Running for {seconds / 60:.0f} minutes against {url}", file=sys.stderr, flush=True)
        stop = asyncio.create_task(asyncio.sleep(seconds))
        await asyncio.wait([stop, *tasks], return_when=asyncio.FIRST_COMPLETED)
        soak.over.set()
        broken = [task.exception() for task in tasks if task.done() and task.exception()]
        await asyncio.wait(tasks, timeout=60)
        told = await soak.rest(max(120.0, seconds / 4))
        wrong = [f"the soak itself broke: {error!r}" for error in broken] + verdict(soak, told)
        _report(soak, told, wrong, plot)
        return 1 if wrong else 0


def _cli(settings: dict[str, str], *words: str) -> Any:
    done = subprocess.run(
        [TREADLE, *words], env=environment(settings), capture_output=True, text=True, check=False, cwd=ROOT
    )
    if done.returncode != 0:
        raise RuntimeError(f"treadle {words[0]} ended with {done.returncode}: {done.stderr[-600:]}")
    return json.loads(done.stdout) if "--json" in words else done.stdout


def _report(soak: Soak, told: dict[str, Any], wrong: list[str], plot: Path) -> None:
    record = soak.record
    print(
        f"posts accepted: {record.events['accepted']:,}; end states: {dict(Counter(p['state'] for p in told.values()))}"
    )
    print(f"trouble: { {name: n for name, n in record.events.items() if name != 'accepted'} }")
    memory = [(minute, mb) for minute, mb in record.curves.get("memory, MB", []) if minute > record.restarted + 1]
    if len(memory) > 20:
        tenth = len(memory) // 10
        first, last = (statistics.median(mb for _, mb in part) for part in (memory[:tenth], memory[-tenth:]))
        minutes = memory[-1][0] - memory[0][0]
        print(
            f"memory: {first:.0f} MB a minute after the last restart, {last:.0f} MB {minutes:.0f} minutes later"
            f" ({last / first - 1:+.0%})"
        )
    if sizes := [mb for _, mb in record.curves.get("database, MB", [])]:
        quarters = ", ".join(f"{sizes[len(sizes) * n // 4 - 1]:.0f}" for n in range(1, 5))
        print(f"database: {quarters} MB at the end of each quarter")
    states = ("published", "publishing", "retrying", "checking", "blocked", "waiting", "scheduled", "failed")
    draw(
        plot,
        f"Soak: {record.events['accepted']:,} posts, {record.events['kill']} kills, {record.events['fault']} faults",
        {
            "posts": {name: record.curves[name] for name in ("accepted", "published") if name in record.curves},
            "not final yet": {name: record.curves[name] for name in states[1:] if name in record.curves},
            "MB": {name: record.curves[name] for name in ("memory, MB", "database, MB") if name in record.curves},
        },
    )
    print(f"plot: {plot}")
    for sentence in wrong[:50]:
        print(f"WRONG: {sentence}")
    print(f"{len(wrong)} things wrong" if wrong else "Nothing lost, nothing doubled.")


def main() -> int:
    parser = argparse.ArgumentParser(description="A long run of mixed posts with faults and restarts.")
    parser.add_argument("--quick", action="store_true", help="five minutes instead of an hour")
    parser.add_argument("--minutes", type=float, default=0)
    parser.add_argument("--rate", type=float, default=3.0, help="posts a second")
    parser.add_argument("--postgres", action="store_true", help="PostgreSQL and two more workers")
    parser.add_argument("--plot", type=Path, default=ROOT / "build" / "soak.png")
    options = parser.parse_args()
    for name in [name for name in os.environ if name.startswith("TREADLE_")]:
        del os.environ[name]
    minutes = options.minutes or (5 if options.quick else 60)
    return asyncio.run(run(minutes * 60, options.rate, options.postgres, options.plot))


if __name__ == "__main__":
    sys.exit(main())
