"""What is compared: each contender starts from nothing and leaves nothing behind.

A contender is a context manager that yields a Standing: where the provider pushes to, how many
reports are recorded in its database, and whose CPU time is whose.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis
from sqlalchemy import URL, create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from benchmarks.loans import NoneEmpty, borrowed
from benchmarks.processes import (
    MeasurementError,
    child,
    cpu_seconds,
    descendants,
    free_port,
    postgres_backends,
    wait_for_answer,
)

REDIS_URL = os.environ.get("BENCHMARK_REDIS_URL", "redis://127.0.0.1:6379/15")
POSTGRES_URL = os.environ.get(
    "BENCHMARK_POSTGRES_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
)

# What `smsflow web` has by default, for the baseline too.
WEB_PROCESSES, WEB_THREADS = 2, 16
BASELINE_WORKERS = 2

Start = Callable[[int, Path], AbstractContextManager["Standing"]]
Weigh = Callable[[], dict[str, float]]  # CPU seconds so far, by part

PROJECT = """\
smsflow-project: 1
numbers:
  main: {address: "+447900000001", provider: fake}
providers:
  fake: {kind: pigeonhost, url: env.FAKE_URL, user: user, password: env.FAKE_PASSWORD,
         webhook_secret: env.FAKE_SECRET}
"""
FLOW = """\
smsflow: 1
triggers:
  - keyword: HOURS
steps:
  - send: Hello {{ contact.phone }}, we are open Mon-Sat 9:00-18:00. Reply STOP to opt out.
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """A contender that is ready."""

    mo: str
    dlr: str
    recorded: Callable[[], int]
    weigh: Weigh


@dataclass(frozen=True, slots=True)
class Contender:
    """Somebody to measure; `start` takes the provider's port and a folder for files."""

    key: str
    label: str
    needs_servers: bool
    start: Start


# --- servers that are there already ---------------------------------------------------------------


def missing_servers() -> str | None:
    """Why the contenders on Redis and PostgreSQL can't run here, or None."""
    try:
        _redis().ping()
        engine = create_engine(POSTGRES_URL, connect_args={"connect_timeout": 2})
        with engine.connect():
            pass
        engine.dispose()
    except (redis.RedisError, SQLAlchemyError, ImportError) as error:
        return f"Redis or PostgreSQL is out of reach: {str(error).splitlines()[0]}"
    return None


def _redis(url: str = REDIS_URL) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)


@contextmanager
def _empty_redis() -> Iterator[str]:
    """The URL of a database that was empty, and is again at the end."""
    with ExitStack() as stack:
        try:
            lent = stack.enter_context(borrowed(REDIS_URL, range(15, 0, -1)))
        except NoneEmpty as error:
            raise MeasurementError(str(error)) from None
        yield lent


@contextmanager
def _scratch_database() -> Iterator[URL]:
    name = f"smsflow_bench_{os.getpid()}_{secrets.token_hex(4)}"
    engine = create_engine(POSTGRES_URL, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    try:
        yield make_url(POSTGRES_URL).set(database=name)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
        engine.dispose()


@contextmanager
def _counting(url: URL, statement: str) -> Iterator[Callable[[], int]]:
    """How many reports are recorded, by a count in the database."""
    engine = create_engine(url)

    def count() -> int:
        with engine.connect() as connection:
            return int(connection.execute(text(statement)).scalar_one())

    try:
        yield count
    finally:
        engine.dispose()


def _weigh_servers(database: str) -> dict[str, float]:
    used = _redis().info("cpu")
    return {
        "postgres": cpu_seconds(postgres_backends(database)),
        "redis": float(used["used_cpu_user"]) + float(used["used_cpu_sys"]),
    }


def _open_backends(url: URL, wanted: int) -> None:
    """Wait a little for workers to be connected, so that their start is not measured."""
    deadline = time.monotonic() + 5
    while len(postgres_backends(url.database or "")) < wanted and time.monotonic() < deadline:
        time.sleep(0.05)


# --- Flask and RQ ---------------------------------------------------------------------------------


def _baseline(
    kind: str, report_jobs: str
) -> Callable[[int, Path], AbstractContextManager[Standing]]:
    @contextmanager
    def start(provider_port: int, folder: Path) -> Iterator[Standing]:
        with ExitStack() as stack:
            redis_url = stack.enter_context(_empty_redis())
            url = stack.enter_context(_scratch_database())
            environment = {
                "REDIS_URL": redis_url,
                "DATABASE_URL": url.render_as_string(hide_password=False),
                "SMS_URL": f"http://127.0.0.1:{provider_port}",
                "BASELINE_REPORT_JOBS": report_jobs,
            }
            _create_tables(environment, folder)
            port, log = free_port(), folder / "baseline.log"
            web = stack.enter_context(child(_granian(port), environment, log))
            workers = [
                stack.enter_context(
                    child(["-m", "benchmarks.baseline_worker", kind], environment, log)
                )
                for _ in range(BASELINE_WORKERS)
            ]
            wait_for_answer(port, web, log)
            _wait_for_workers(redis_url)
            delivered = "SELECT count(*) FROM replies WHERE status = 'DELIVERED_TO_HANDSET'"
            count = stack.enter_context(_counting(url, delivered))

            def weigh() -> dict[str, float]:
                return {
                    "web": cpu_seconds(descendants(web.pid)),
                    "workers": sum(cpu_seconds(descendants(each.pid)) for each in workers),
                    **_weigh_servers(url.database or ""),
                }

            base = f"http://127.0.0.1:{port}"
            yield Standing(f"{base}/mo", f"{base}/dlr", count, weigh)

    return start


def _granian(port: int) -> list[str]:
    return (
        "-m granian --interface wsgi --http 1 --no-ws --log-level warning"
        f" --workers {WEB_PROCESSES} --blocking-threads {WEB_THREADS}"
        f" --port {port} benchmarks.baseline_app:app"
    ).split()


def _create_tables(environment: dict[str, str], folder: Path) -> None:
    code = "from benchmarks.baseline_app import Base, engine; Base.metadata.create_all(engine)"
    _run_once(["-c", code], environment, folder / "tables.log")


def _run_once(arguments: Sequence[str], environment: dict[str, str], log: Path) -> None:
    with child(arguments, environment, log) as process:
        if process.wait(60) != 0:
            raise MeasurementError(f"{arguments} failed:\n{log.read_text()[-2000:]}")


def _wait_for_workers(redis_url: str) -> None:
    deadline = time.monotonic() + 30
    while int(_redis(redis_url).scard("rq:workers")) < BASELINE_WORKERS:
        if time.monotonic() > deadline:
            raise MeasurementError("RQ's workers do not start")
        time.sleep(0.05)


# --- smsflow --------------------------------------------------------------------------------------


def _project(folder: Path, provider_port: int, port: int) -> tuple[dict[str, str], Standing]:
    """A project folder with one flow; its environment, and a Standing without its functions."""
    (folder / "flows").mkdir(exist_ok=True)
    (folder / "smsflow.yaml").write_text(PROJECT)
    (folder / "flows" / "hours.yaml").write_text(FLOW)
    secret, base = secrets.token_urlsafe(24), f"http://127.0.0.1:{port}"
    environment = {
        "SMSFLOW_PROJECT": str(folder),
        "SMSFLOW_PUBLIC_URL": base,
        "SMSFLOW_SECRET_KEY": secrets.token_hex(16),
        "FAKE_URL": f"http://127.0.0.1:{provider_port}",
        "FAKE_PASSWORD": "password",
        "FAKE_SECRET": secret,
        "PORT": str(port),
    }
    hook = f"{base}/webhooks/fake/{secret}"
    return environment, Standing(f"{hook}/mo", f"{hook}/dlr", lambda: 0, dict)


_DELIVERED = "SELECT count(*) FROM messages WHERE state = 'delivered'"


@contextmanager
def _embedded(provider_port: int, folder: Path) -> Iterator[Standing]:
    """One process, SQLite, the queues in its memory."""
    with ExitStack() as stack:
        port, log = free_port(), folder / "embedded.log"
        environment, standing = _project(folder, provider_port, port)
        url = make_url(f"sqlite:///{folder / 'smsflow.db'}")
        environment["SMSFLOW_DATABASE_URL"] = url.render_as_string()
        process = stack.enter_context(child(["-m", "benchmarks.embedded"], environment, log))
        wait_for_answer(port, process, log)
        count = stack.enter_context(_counting(url, _DELIVERED))

        def weigh() -> dict[str, float]:
            return {"process": cpu_seconds(descendants(process.pid))}

        yield Standing(standing.mo, standing.dlr, count, weigh)


@contextmanager
def _production(provider_port: int, folder: Path) -> Iterator[Standing]:
    """`smsflow web` and `smsflow worker` on Redis and PostgreSQL."""
    with ExitStack() as stack:
        redis_url = stack.enter_context(_empty_redis())
        url = stack.enter_context(_scratch_database())
        port, log = free_port(), folder / "production.log"
        environment, standing = _project(folder, provider_port, port)
        environment["SMSFLOW_DATABASE_URL"] = url.render_as_string(hide_password=False)
        environment["SMSFLOW_REDIS_URL"] = redis_url
        _run_once(["-m", "smsflow", "db", "upgrade"], environment, log)
        web = stack.enter_context(child(["-m", "smsflow", "web"], environment, log))
        worker = stack.enter_context(child(["-m", "smsflow", "worker"], environment, log))
        wait_for_answer(port, web, log)
        count = stack.enter_context(_counting(url, _DELIVERED))
        _open_backends(url, 4)

        def weigh() -> dict[str, float]:
            return {
                "web": cpu_seconds(descendants(web.pid)),
                **_by_queue(worker.pid),
                **_weigh_servers(url.database or ""),
            }

        yield Standing(standing.mo, standing.dlr, count, weigh)


def _by_queue(supervisor: int) -> dict[str, float]:
    """CPU time of the supervisor's children, which call themselves by their queue."""
    found = {"sweep": cpu_seconds([supervisor]), "inbox": 0.0, "outbox": 0.0}
    for pid in descendants(supervisor)[1:]:
        name = Path(f"/proc/{pid}/comm").read_text().strip().removeprefix("smsflow-")
        found[name] += cpu_seconds([pid])
    return found


CONTENDERS = (
    Contender("a", "Flask + RQ, forking worker x 2", True, _baseline("fork", "each")),
    Contender("b", "Flask + RQ, SimpleWorker x 2", True, _baseline("simple", "each")),
    Contender("b1", "b, one job a push of reports", True, _baseline("simple", "push")),
    Contender("c", "smsflow embedded, SQLite", False, _embedded),
    Contender("d", "smsflow, Redis and PostgreSQL", True, _production),
)
