"""How many files of ours a lost publish runs through, from its lost answer to the published post.

The run is traced as it is: a worker on SQLite, its queue, the real client against the sandbox. Left out are the
worker's heartbeat and the background jobs, which run beside it whatever becomes of the post.
"""

from __future__ import annotations

import re
import threading
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

import treadle
import treadle_diagnosis
import treadle_threads
from tests.treadle.engine.shop import open_shop, shop_settings
from treadle.engine import comparing, housekeeping
from treadle.store import jobs
from treadle_sandbox.server import Sandbox
from treadle_threads.results import Lost

ROOTS = [Path(str(package.__file__)).parent for package in (treadle, treadle_threads, treadle_diagnosis)]
ROOT = Path(__file__).parents[3]
MOST = 41
# The comparison that ends every run is no part of finding out what became of a publish.
BESIDE = (housekeeping.__file__, jobs.__file__, comparing.__file__)


class Trace:
    """Files in the order in which they are first entered, from the first lost publish on, until :meth:`end`."""

    def __init__(self) -> None:
        self.files: dict[str, list[str]] = {}
        self.running = False
        self._known: set[CodeType] = set()

    def __call__(self, frame: FrameType, event: str, arg: Any) -> None:
        code = frame.f_code
        if event == "return" and code.co_name == "publish" and isinstance(arg, Lost):
            self.running = True
        elif event == "call" and self.running and code not in self._known and self._ours(frame):
            self._known.add(code)
            path = Path(code.co_filename)
            root = next((root for root in ROOTS if root in path.parents), None)
            if root is not None:
                self.files.setdefault(f"{root.name}/{path.relative_to(root)}", []).append(code.co_qualname)

    def forget(self) -> None:
        self.running = False
        self.files.clear()
        self._known.clear()

    def _ours(self, frame: FrameType | None) -> bool:
        if threading.current_thread().name in ("treadle-lease", "MainThread"):
            return False
        while frame is not None:
            if frame.f_code.co_filename in BESIDE:
                return False
            frame = frame.f_back
        return True


@pytest.fixture
def journey(sandbox: Sandbox, tmp_path: Path) -> list[str]:
    """The files from "the answer to the publish is lost" to "published", in the order in which they are entered."""
    trace = Trace()
    threading.setprofile(trace)
    try:
        with open_shop(sandbox, shop_settings(sandbox, tmp_path / "data"), jobs=()) as shop:
            owner = shop.owner()
            for text in ("first", "second"):  # what is made once for all calls is made by the first
                trace.forget()
                shop.control.fault("publish", {"drop": True}, when="after", times=1)
                post_id = shop.post(owner, text=text)
                shop.published([post_id])
            trace.running = False
            outcomes = [event["outcome"] for event in shop.timeline(post_id) if event["kind"] == "call"]
            assert outcomes.count("lost") == 1
            assert [live["text"] for live in shop.live(owner)] == ["first", "second"]
    finally:
        threading.setprofile(None)  # type: ignore[arg-type]
    for number, (file, functions) in enumerate(trace.files.items(), 1):
        print(f"{number:2} {file}: {', '.join(functions)}")
    return list(trace.files)


def documented() -> list[str]:
    """The files of the table in ``docs/architecture.md``, in order, with the name of their package."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    section = text.split("## The journey of a lost publish")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    names = [name for row in rows for name in re.findall(r"`([a-z_/]+\.py)`", row)]
    packages = ("treadle_threads/", "treadle_diagnosis/")
    return [name if name.startswith(packages) else f"treadle/{name}" for name in names]


def test_a_lost_publish_runs_through_the_files_that_the_documentation_names(journey: list[str]) -> None:
    assert len(journey) <= MOST
    assert sorted(journey) == sorted(documented()), "name it in docs/architecture.md, or keep it off this path"


def test_what_a_stage_asks_and_what_follows_are_named_in_the_order_of_the_run(journey: list[str]) -> None:
    """Where threads take turns the order is chance; the stages of one run follow each other."""
    stages = [f"treadle/{name}.py" for name in ("engine/sending", "engine/run", "domain/steps", "engine/checking")]
    stages += [f"treadle/{name}.py" for name in ("engine/live_posts", "domain/matching")]
    for order in (journey, documented()):
        assert [file for file in order if file in stages] == stages
