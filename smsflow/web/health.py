"""What probes and scrapes ask: is the process there, can it work, and how far behind is it?

    GET /healthz   200 as long as the process answers
    GET /readyz    200 when what is pushed can be kept, else 503
    GET /metrics   figures for Prometheus

No token is needed, for nothing here names a contact, a number or a text.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from smsflow.health import readiness
from smsflow.runtime import Runtime
from smsflow.store.rows import Health

if TYPE_CHECKING:
    from smsflow.web import SMSFlow

# Name and meaning of each figure that is read off `Health` at a scrape.
_GAUGES = {
    "inbox_due": "Inbox rows that are due.",
    "inbox_age": "Age in seconds of the oldest inbox row that is due; 0 for none.",
    "outbox_due": "Texts whose time to leave has come.",
    "outbox_age": "Age in seconds of the oldest text whose time has come; 0 for none.",
    "errands_due": "Calls and actions whose time has come.",
    "errands_age": "Age in seconds of the oldest call or action whose time has come; 0 for none.",
    "errands_failing": "Calls that were tried in vain and will be tried again.",
    "held": "Texts that wait for an operator: see `smsflow held`.",
    "handoffs": "Conversations that people hold: see `smsflow handoffs`.",
    "handoffs_age": "How long the contact waits who has waited longest for a person, in seconds.",
    "dead_letters": "What could not be read or worked off: see `smsflow dead`.",
}
_NAMES = {f"{name}_age": f"{name}_oldest_due_seconds" for name in ("inbox", "outbox", "errands")}
_NAMES["handoffs_age"] = "handoffs_oldest_unanswered_seconds"


def blueprint(flow: SMSFlow) -> Blueprint:
    """The routes of probes and scrapes."""
    pages = Blueprint("smsflow_health", __name__)
    runtime = flow.runtime
    registry = CollectorRegistry()
    registry.register(_Figures(runtime))

    @pages.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @pages.get("/readyz")
    def readyz() -> tuple[dict[str, Any], int]:
        found = readiness(runtime.store, runtime.redis)
        parts = {"database": found.database, "schema": found.schema, "redis": found.redis}
        return {"status": found.status, **parts}, 200 if found.ready else 503

    @pages.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    return pages


class _Figures(Collector):
    """Everything for Prometheus, worked out when it is asked for."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def describe(self) -> list[Metric]:
        """Nothing to describe before the first scrape: registering must not ask the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The figures of the store, then those of this process."""
        runtime = self._runtime
        health = runtime.store.health(runtime.clock.now())
        for name, meaning in _GAUGES.items():
            yield _gauge(_NAMES.get(name, name), meaning, getattr(health, name))
        yield _circuits(health, sorted(runtime.providers))
        yield _counter("inbox_rows", "Rows that ever came into the inbox.", health.events)
        yield _counter("tries", "Tries that were ever made to send a text.", health.tries)
        rows, texts = runtime.tally.rows, runtime.tally.texts
        yield _counter("process_rows", "Inbox rows that this process worked off.", rows)
        yield _counter("process_texts", "Texts that this process tried to send.", texts)
        told = "Calls and actions that this process tried."
        yield _counter("process_errands", told, runtime.tally.errands)


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(f"smsflow_{name}", meaning, value=value)


def _counter(name: str, meaning: str, value: int) -> Metric:
    return CounterMetricFamily(f"smsflow_{name}", meaning, value=value)


def _circuits(health: Health, providers: list[str]) -> Metric:
    family = GaugeMetricFamily(
        "smsflow_provider_circuit_open",
        "1 while a provider that refused us is not sent to.",
        labels=["provider"],
    )
    for name in providers:
        family.add_metric([name], float(name in health.circuits))
    return family
