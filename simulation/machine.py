"""A worker's process as far as it can fail: killed at any place where it waits or commits, paused, its clock moved."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NoReturn

from simulation.chance import Dice
from simulation.ledger import Disturbance, Ledger
from simulation.loop import VirtualLoop
from simulation.weather import Weather


class Killed(BaseException):
    """The process is gone: nothing behind this line happens."""


class Machine:
    """``name`` is one life of one worker: ``w2.5`` is the fifth life of the second.

    Every place where the product waits goes through :meth:`wait` or :meth:`point`. A process that was killed never
    comes back from them; one that is paused comes back when the pause is over.
    """

    def __init__(
        self, seed: int, name: str, weather: Weather, ledger: Ledger, loop: VirtualLoop, places: dict[str, int]
    ) -> None:
        self.name, self.weather, self.ledger, self.loop = name, weather, ledger, loop
        self.seed = seed
        self.dead = False
        self.paused_until = 0.0
        self.clock_off = 0.0
        self.places = places  # how often each place was passed, by whichever life
        self.died: asyncio.Event = asyncio.Event()
        self.killed_at = ""
        self.resumed: Callable[[], None] = lambda: None  # what else the process does at once after a pause
        self.began: dict[str, float] = {}  # when each run began, by its name

    def truth(self) -> float:
        return self.ledger.begin + self.loop.time()

    def now(self) -> float:
        """What this machine takes for the time."""
        return self.truth() + self.clock_off

    async def wait(self, seconds: float, where: str) -> None:
        """Wait, unless the process is killed here; longer when it is paused."""
        await self.point(where)
        if where == "before publish" and self._stalls_here():
            await self._rest()
        await asyncio.sleep(seconds)
        if self.dead:
            await self._never()
        if self.paused_until > self.loop.time():
            await self._rest()

    async def point(self, where: str) -> None:
        """A place where the process may be killed without waiting for anything."""
        if self.dead or self._killed_here(where):
            await self._never()

    def _stalls_here(self) -> bool:
        """Paused for longer than a lease between the intent to publish and the first byte."""
        chance = self.weather.pauses_at_publish
        if not chance or self.truth() >= self.ledger.end:
            return False
        task = asyncio.current_task()
        place = f"{task.get_name() if task else ''}|stall"
        turn = self.places[place] = self.places.get(place, 0) + 1
        dice = Dice(self.seed, place, turn)
        if not dice.happens(chance):
            return False
        self.pause(dice.skewed(20.0, 1200.0))
        return True

    async def _rest(self) -> None:
        while not self.dead and self.paused_until > self.loop.time():  # noqa: ASYNC110
            await asyncio.sleep(self.paused_until - self.loop.time())
        if self.dead:
            await self._never()
        if Dice(self.seed, "resumed", self.name, f"{self.loop.time():.3f}").happens(0.5):
            self.resumed()

    def here(self, where: str) -> None:
        """The same where nothing can wait: raises :class:`Killed`."""
        if self.dead or self._killed_here(where):
            raise Killed

    def _killed_here(self, where: str) -> bool:
        chance = self.weather.crashes_at_publish if "publish" in where else self.weather.crashes
        if not chance or self.truth() >= self.ledger.end:
            return False
        task = asyncio.current_task()
        name = task.get_name() if task else ""
        place = f"{name}|{where}"
        turn = self.places[place] = self.places.get(place, 0) + 1
        if not Dice(self.seed, "crash", place, turn).happens(chance):
            return False
        self.kill(where)
        return True

    def kill(self, where: str) -> None:
        self.dead, self.killed_at = True, where
        now = self.truth()
        self.ledger.disturbances.append(Disturbance("crash", now, now, f"{self.name} {where}"))
        self.died.set()

    def pause(self, seconds: float) -> None:
        self.paused_until = max(self.paused_until, self.loop.time() + seconds)
        now = self.truth()
        self.ledger.disturbances.append(Disturbance("pause", now, now + seconds, self.name))

    @staticmethod
    async def _never() -> NoReturn:
        await asyncio.get_running_loop().create_future()
        raise AssertionError("nobody wakes the dead")
