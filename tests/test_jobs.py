"""RQ is a wake-up: only our own entry points run, and a Redis that is away costs a second."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import fakeredis
import pytest
import redis
from rq import Queue
from rq.job import Callback
from rq.serializers import JSONSerializer
from structlog.testing import capture_logs

from smsflow import jobs
from smsflow.config import Settings
from smsflow.jobs import INBOX, OUTBOX, Nudger, SmsflowJob, Sweep
from smsflow.runtime import Runtime, connect_redis, try_out
from smsflow.store.rows import Kind, NewRow
from smsflow.worker import ThreadWorker, _Post, _worker
from tests.conftest import FakeClock

PHONE = "+447700900123"
SAMPLES = Path(__file__).parents[1]


@pytest.fixture
def environment(sqlite_template: Path, tmp_path: Path) -> dict[str, str]:
    shutil.copy(sqlite_template, tmp_path / "jobs.db")
    return {
        "SMSFLOW_DATABASE_URL": f"sqlite:///{tmp_path / 'jobs.db'}",
        "SMSFLOW_SECRET_KEY": "a-key-of-the-tests-0123456789",
        **{
            f"{name}_{key}": "http://127.0.0.1:9" if key == "URL" else "a-secret-of-24-characters"
            for name in ("SMS", "SMS2")
            for key in ("URL", "USER", "PASSWORD", "WEBHOOK_SECRET")
        },
    }


@pytest.fixture
def runtime(environment: dict[str, str], clock: FakeClock) -> Iterator[Runtime]:
    settings = Settings.from_environment(environment, project=SAMPLES)
    runtime = Runtime.open(settings, clock=clock, connection=fakeredis.FakeRedis())
    jobs.use(runtime)
    yield runtime
    runtime.close()


def queue(runtime: Runtime, name: str = INBOX) -> Queue:
    return Queue(name, connection=runtime.redis, job_class=SmsflowJob, serializer=JSONSerializer)


def work(runtime: Runtime, name: str = INBOX) -> None:
    """Run all the jobs of a queue."""
    _worker(ThreadWorker, name, runtime.redis).work(burst=True)


def text(runtime: Runtime, words: str = "hours") -> None:
    """A text comes in."""
    row = NewRow(Kind.MO, PHONE, {"text": words, "number": "main"}, runtime.clock.now())
    runtime.store.insert([row])


def test_a_nudge_wakes_a_worker(runtime: Runtime) -> None:
    """The job names nothing; what is due stands in SQL."""
    text(runtime)
    Nudger(runtime).inbox()
    work(runtime)
    assert len(runtime.store.messages_of(PHONE)) == 1
    assert queue(runtime, OUTBOX).count == 1


def test_many_nudges_are_one_job(runtime: Runtime) -> None:
    """Until it is taken up: then a later nudge counts again."""
    nudger = Nudger(runtime)
    for _ in range(5):
        nudger.inbox()
    assert queue(runtime).count == 1
    jobs.drain()
    nudger.inbox()
    assert queue(runtime).count == 2


def test_doubled_and_late_jobs_do_no_harm(runtime: Runtime) -> None:
    """A job that finds nothing to do is normal."""
    text(runtime)
    assert [jobs.drain() for _ in range(3)] == [1, 0, 0]
    assert len(runtime.store.messages_of(PHONE)) == 1


def test_one_job_works_off_all_that_was_due(runtime: Runtime) -> None:
    """A contact has 45 texts, more than a batch takes of one; the job goes on with the rest."""
    for _ in range(45):
        text(runtime)
    assert jobs.drain() == 45


def test_the_sweep_finds_what_no_nudge_told_of(runtime: Runtime) -> None:
    """All of Redis is lost, and a second later everything goes on."""
    text(runtime)
    Nudger(runtime).inbox()
    runtime.redis.flushall()
    Sweep(runtime, "here").once()
    work(runtime)
    assert len(runtime.store.messages_of(PHONE)) == 1


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("os.system", ("touch {canary}",)),
        ("subprocess.getoutput", ("touch {canary}",)),
        ("smsflow.jobs.use", (None,)),
        ("smsflow.runtime.Runtime.open", ()),
    ],
)
def test_a_forged_job_is_not_run(
    runtime: Runtime, tmp_path: Path, function: str, arguments: tuple[str | None, ...]
) -> None:
    """Whoever can write to Redis can't have our workers run a function of their choice."""
    canary = tmp_path / "canary"
    given = tuple(each and each.format(canary=canary) for each in arguments)
    forged = Queue(INBOX, connection=runtime.redis, serializer=JSONSerializer)
    job = forged.enqueue_call(function, args=given)
    work(runtime)
    assert job.get_status() == "failed"
    assert not canary.exists()


def test_a_forged_callback_is_not_run(runtime: Runtime, tmp_path: Path) -> None:
    """Neither is what a job would call when it is done."""
    canary = tmp_path / "canary"
    forged = Queue(INBOX, connection=runtime.redis, serializer=JSONSerializer)
    forged.enqueue_call("smsflow.jobs.wake", on_success=Callback("os.system"))
    forged.enqueue_call("os.system", args=(f"touch {canary}",), on_failure=Callback("os.system"))
    work(runtime)
    assert not canary.exists()
    assert forged.count == 0


def test_without_redis_a_nudge_is_swallowed(environment: dict[str, str], clock: FakeClock) -> None:
    """What was committed stays committed, and the caller hears nothing of it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and nobody listens
        url = f"redis://127.0.0.1:{taken.getsockname()[1]}/0"
        settings = Settings.from_environment(environment, project=SAMPLES)
        runtime = Runtime.open(settings, clock=clock, connection=connect_redis(url))
        text(runtime)
        Nudger(runtime).inbox()
        Sweep(runtime, "here").once(tidy=True)
        assert runtime.store.counts()["inbox"] == 1
        runtime.close()


def test_one_sweep_leads(runtime: Runtime) -> None:
    """Of several workers' sweeps one nudges; when it is gone the next takes over."""
    assert runtime.store.lead("sweep", "first", 5.0)
    assert not runtime.store.lead("sweep", "second", 5.0)
    assert runtime.store.lead("sweep", "first", 0.0)
    assert runtime.store.lead("sweep", "second", 5.0)


def test_the_nudges_connection_gives_up_fast() -> None:
    """Half a second and one try, for a web request waits on it."""
    connection = connect_redis("redis://localhost:6379/0")
    options = connection.connection_pool.connection_kwargs
    assert (options["socket_timeout"], options["socket_connect_timeout"]) == (0.5, 0.5)
    assert options["retry"].get_retries() == 0
    assert isinstance(connection, redis.Redis)


def test_the_sweep_tells_how_it_is(runtime: Runtime) -> None:
    """Once a minute, when it tidies: the ages of what waits, and no number."""
    text(runtime)
    sweep = Sweep(runtime, "test")
    with capture_logs() as told:
        sweep.once()
        sweep.once(tidy=True)
    (health,) = [each for each in told if each["event"] == "health"]
    assert (health["inbox_due"], health["inbox_age"], health["held"]) == (1, 0.0, 0)
    assert PHONE not in str(health)


def test_a_runtime_counts_what_its_jobs_did(runtime: Runtime) -> None:
    """Rows that were worked off, and texts that were tried, whatever came of them."""
    text(runtime)
    assert jobs.drain() == 1
    assert jobs.deliver("primary") == 1
    assert (runtime.tally.rows, runtime.tally.texts) == (1, 1)


def rename(runtime: Runtime, table: str, to: str) -> None:
    """Rename a table, so that statements fail, or that they work again."""
    with runtime.store._db.write() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {table} RENAME TO {to}")


@pytest.mark.parametrize(
    ("job", "table"),
    [(jobs.drain, "inbox"), (lambda: jobs.deliver("primary"), "outbox")],
    ids=["drain", "deliver"],
)
def test_a_job_whose_database_fails_ends_in_peace(
    runtime: Runtime, job: Callable[[], int], table: str
) -> None:
    """A line in the log, no traceback, and the work is done by a later job."""
    text(runtime)
    if table == "outbox":
        jobs.drain()
    rename(runtime, table, "away")
    with capture_logs() as told:
        assert job() == 0
    assert [each["log_level"] for each in told] == ["warning"]
    rename(runtime, "away", table)
    assert job() == 1


def test_a_redis_that_is_away_is_left_alone_for_a_second(
    environment: dict[str, str], clock: FakeClock
) -> None:
    """Or each request would wait for one that hangs; the sweep looks all the same."""
    server = fakeredis.FakeServer()
    settings = Settings.from_environment(environment, project=SAMPLES)
    connection = fakeredis.FakeRedis(server=server)
    runtime = Runtime.open(settings, clock=clock, connection=connection)
    nudger = Nudger(runtime)
    server.connected = False
    with capture_logs() as told:
        for _ in range(3):
            nudger.inbox()
        assert len(told) == 1
        nudger.inbox(force=True)
        assert len(told) == 2
    server.connected = True
    nudger.inbox()
    assert queue(runtime).count == 0
    clock.advance(timedelta(seconds=1))
    nudger.inbox()
    assert queue(runtime).count == 1
    runtime.close()


def test_a_sweep_that_stops_hands_its_lead_over(runtime: Runtime) -> None:
    """The next one need not wait for the lease to run out."""
    first = Sweep(runtime, "first", every=0.001)
    thread = threading.Thread(target=first.run)
    thread.start()
    while runtime.store.lead("sweep", "second", 0.0):
        assert thread.is_alive()
    first.stop()
    thread.join()
    assert runtime.store.lead("sweep", "second", 5.0)


def test_a_worker_that_begins_without_redis_waits_for_it() -> None:
    """One line in the log; no traceback, and no child that dies for it."""
    posts: list[_Post] = []

    class Absent(ThreadWorker):
        def __init__(self, *_arguments: object, **_options: object) -> None:
            posts[0].stop()  # told to end at once, so that nobody waits for Redis here
            raise redis.ConnectionError("nobody is there")

    posts.append(_Post(Absent, INBOX, redis.Redis()))
    with capture_logs() as told:
        posts[0].work()
    assert [(each["event"], each["reason"]) for each in told] == [
        ("redis_unreachable", "nobody is there")
    ]


def test_a_service_without_its_secret_is_told_before_the_work_begins(
    environment: dict[str, str],
) -> None:
    with capture_logs() as told:
        try_out(Settings.from_environment(environment, project=SAMPLES))
    assert [(each["event"], each["service"]) for each in told] == [
        ("service_not_callable", "clinic"),
        ("service_not_callable", "crm"),
    ]
    assert "CLINIC_TOKEN, which is not set" in told[0]["reason"]


def test_a_stop_that_comes_while_a_worker_is_made_counts() -> None:
    """It does not begin to wait for jobs, and the process ends."""
    posts: list[_Post] = []

    class Late(ThreadWorker):
        def __init__(self, *_arguments: object, **_options: object) -> None:
            posts[0].stop()

        def work(self, **_options: object) -> bool:
            raise AssertionError("it works on")

    posts.append(_Post(Late, INBOX, redis.Redis()))
    posts[0].work()
