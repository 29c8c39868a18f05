"""A worker of the baseline: `python -m benchmarks.baseline_worker fork|simple`.

RQ's advice on performance: import what the jobs need before the worker forks for them.
"""

from __future__ import annotations

import sys

from rq import SimpleWorker, Worker

from benchmarks import baseline_app

if __name__ == "__main__":
    kind = {"fork": Worker, "simple": SimpleWorker}[sys.argv[1]]
    kind([baseline_app.queue], connection=baseline_app.connection).work(logging_level="WARNING")
