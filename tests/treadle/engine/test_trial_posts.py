"""Which post goes first to see whether a cause is gone. Played at real times, on a clock that is moved."""

from __future__ import annotations

import sqlalchemy as sa

from tests.support.simulated import Simulation
from tests.support.threads_stand_in import NO_PERMISSION, Fault
from treadle.store.tables import blockers


def test_a_post_that_only_looks_whether_it_went_out_tests_no_cause_that_another_can_test(sim: Simulation) -> None:
    account, profile = sim.account()
    profile.faults.append(Fault("publish", "lost"))
    doubtful = sim.post(account, text="in doubt")
    sim.until(lambda: sim.read(doubtful)["state"] == "checking", within_s=600)
    refused = Fault("create", NO_PERMISSION, times=None)
    profile.faults.append(refused)
    plain = sim.post(account, text="plain")
    sim.until(lambda: sim.read(plain)["state"] == "blocked", within_s=600)
    sim.pass_time(2 * 3600.0)
    with sim.db.read() as conn:
        opened = conn.execute(sa.select(blockers.c.pattern)).scalars().all()
    assert opened == ["permission_not_granted"], "it was never taken for over"
    assert refused.fired <= 9, "after growing pauses"
    refused.ended = True
    sim.pass_time(4 * 3600.0)
    assert sorted(sim.threads.live(profile)) == ["in doubt", "plain"], sim.story(doubtful)
