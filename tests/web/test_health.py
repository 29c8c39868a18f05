"""What probes and scrapes are told, and that none of it names a person."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import fakeredis
import pytest
import redis
from prometheus_client.parser import text_string_to_metric_families

from smsflow.health import Readiness, Tally, readiness
from smsflow.runtime import connect_redis
from smsflow.store import Store
from tests.web.conftest import Desk

PHONE = "447700900123"


def figures(desk: Desk) -> dict[str, float]:
    """The samples of a scrape by name."""
    answer = desk.client.get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain")
    return {
        sample.name + "".join(f"[{value}]" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_the_process_is_there(desk: Desk) -> None:
    """/healthz asks nobody."""
    assert desk.client.get("/healthz").json == {"status": "ok"}


def test_a_service_with_all_its_parts_is_ready(desk: Desk) -> None:
    """No token is needed."""
    answer = desk.client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json == {"status": "ready", "database": "ok", "schema": "ok", "redis": "ok"}


def test_without_redis_it_is_ready_and_says_so(desk: Desk) -> None:
    """What is pushed is kept in SQL, so a balancer must not take the process away."""
    gone = connect_redis("redis://127.0.0.1:9/0")
    found = readiness(desk.runtime.store, gone)
    gone.close()
    assert (found.ready, found.status, found.redis) == (True, "degraded", "out of reach")


def test_a_database_that_is_not_upgraded_is_not_ready(tmp_path: Path) -> None:
    """The answer names the command."""
    store = Store.connect(f"sqlite:///{tmp_path / 'empty.db'}")
    found = readiness(store, fakeredis.FakeRedis())
    store.close()
    assert (found.ready, found.status, found.database) == (False, "unavailable", "ok")
    assert "smsflow db upgrade" in found.schema


def test_a_database_out_of_reach_is_not_ready(sqlite_template: Path, tmp_path: Path) -> None:
    """It is an answer and no crash."""
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy(sqlite_template, folder / "x.db")
    store = Store.connect(f"sqlite:///{folder / 'x.db'}")
    store.close()  # the connections; the next one is made anew
    shutil.rmtree(folder)
    found = readiness(store, fakeredis.FakeRedis())
    assert found == Readiness("out of reach", "not known", "ok")
    assert found.status == "unavailable"


def test_the_figures_tell_how_old_the_oldest_row_is(desk: Desk) -> None:
    """What came an hour ago and nobody took up is what a pager has to know."""
    assert figures(desk)["smsflow_inbox_oldest_due_seconds"] == 0
    desk.client.get(f"{desk.hook('mo')}?who={PHONE}&what=hours&id=1")
    desk.client.post(desk.hook("dlr"), json={"results": [{}]})
    desk.clock.advance(timedelta(hours=1))
    found = figures(desk)
    assert (found["smsflow_inbox_due"], found["smsflow_inbox_oldest_due_seconds"]) == (1, 3600)
    assert (found["smsflow_dead_letters"], found["smsflow_inbox_rows_total"]) == (1, 1)
    desk.works()
    found = figures(desk)
    assert (found["smsflow_inbox_due"], found["smsflow_outbox_due"]) == (0, 1)


def test_an_open_circuit_is_1_for_its_provider(desk: Desk) -> None:
    """Every provider has a sample, so that an alert can tell closed from unknown."""
    until = desk.clock.now() + timedelta(minutes=1)
    desk.runtime.store.open_circuit("secondary", until, "401")
    found = figures(desk)
    assert found["smsflow_provider_circuit_open[primary]"] == 0
    assert found["smsflow_provider_circuit_open[secondary]"] == 1


def test_no_number_and_no_text_stands_in_a_figure(desk: Desk) -> None:
    """Who scrapes needs no token, so there is nothing to protect."""
    desk.client.get(f"{desk.hook('mo')}?who={PHONE}&what=canary-text&id=1")
    desk.works()
    told = desk.client.get("/metrics").text + desk.client.get("/readyz").text
    assert "canary" not in told
    assert PHONE not in told


def test_a_tally_counts_for_all_threads() -> None:
    """Rows and texts apart."""
    tally = Tally()
    tally.add(rows=3)
    tally.add(rows=2, texts=1)
    assert (tally.rows, tally.texts) == (5, 1)


@pytest.mark.parametrize("error", [redis.ConnectionError, redis.TimeoutError])
def test_whatever_redis_raises_is_degraded(sqlite_template: Path, error: type) -> None:
    """A Redis that hangs is away too."""

    class Broken(fakeredis.FakeRedis):
        def ping(self, **_: object) -> None:
            raise error("away")

    store = Store.connect(f"sqlite:///{sqlite_template}")
    assert readiness(store, Broken()).status == "degraded"
    store.close()
