"""Redis by the few commands that nudges and RQ's jobs use, with the scheduler at every call.

It forgets everything when it is flushed, answers nothing while it is down, and can do what it was
told and lose the answer, as the real one.
"""

from __future__ import annotations

from typing import Any

import redis

from tests.simulation.kernel import Kernel


class SimulatedRedis:
    """Keys, hashes, sets and lists, in one process."""

    def __init__(self) -> None:
        self.kernel: Kernel | None = None
        self.down_until = 0.0
        self._data: dict[str, Any] = {}
        self._expires: dict[str, float] = {}

    def begin_run(self, kernel: Kernel) -> None:
        """Be empty, and serve that run."""
        self.kernel, self.down_until = kernel, 0.0
        self.flush()

    def flush(self) -> None:
        """FLUSHALL."""
        self._data.clear()
        self._expires.clear()

    def waiting(self, queue: str) -> bool:
        """True when that queue of RQ has a job."""
        return bool(self._data.get(f"rq:queue:{queue}"))

    def close(self) -> None:
        """Nothing was opened."""

    # --- commands -------------------------------------------------------------------------------

    def info(self, _section: str) -> dict[str, str]:
        """Its version, which RQ asks for once."""
        return {"redis_version": "7.0.0"}

    def set(self, name: str, value: Any, *, nx: bool = False, ex: float = 0) -> bool | None:
        """SET, with NX and EX."""
        return bool(self._run([("set", name, value, nx, ex)])[0]) or None

    def delete(self, *names: str) -> int:
        """DEL."""
        return int(self._run([("delete", *names)])[0])

    def hgetall(self, name: str) -> dict[bytes, bytes]:
        """HGETALL."""
        found: dict[bytes, bytes] = self._run([("hgetall", name)])[0]
        return found

    def lpop(self, name: str) -> bytes | None:
        """LPOP."""
        found: bytes | None = self._run([("lpop", name)])[0]
        return found

    def pipeline(self) -> _Pipeline:
        """MULTI."""
        return _Pipeline(self._run)

    def _run(self, commands: list[tuple[Any, ...]]) -> list[Any]:
        kernel = self.kernel
        fault = None if kernel is None else kernel.port("redis")
        if kernel is not None and (fault == "before" or kernel.now < self.down_until):
            raise redis.ConnectionError("simulated: no connection")
        results = [getattr(self, f"_do_{name}")(*given) for name, *given in commands]
        if fault == "after":
            raise redis.TimeoutError("simulated: the answer was lost")
        return results

    def _now(self) -> float:
        return 0.0 if self.kernel is None else self.kernel.now

    def _do_set(self, name: str, value: Any, nx: bool, ex: float) -> bool:
        if self._expires.get(name, float("inf")) <= self._now():
            self._data.pop(name, None)
        if nx and name in self._data:
            return False
        self._data[name] = value
        self._expires[name] = self._now() + ex if ex else float("inf")
        return True

    def _do_delete(self, *names: str) -> int:
        return sum(self._data.pop(name, None) is not None for name in names)

    def _do_hgetall(self, name: str) -> dict[bytes, bytes]:
        return dict(self._data.get(name, {}))

    def _do_hset(self, name: str, key: str | None, value: Any, mapping: dict[str, Any]) -> None:
        pairs = {**mapping, **({} if key is None else {key: value})}
        self._data.setdefault(name, {}).update({_octets(k): _octets(v) for k, v in pairs.items()})

    def _do_sadd(self, name: str, *members: str) -> None:
        self._data.setdefault(name, set()).update(members)

    def _do_rpush(self, name: str, value: str) -> None:
        self._data.setdefault(name, []).append(_octets(value))

    def _do_lpop(self, name: str) -> bytes | None:
        items = self._data.get(name)
        return items.pop(0) if items else None


class _Pipeline:
    """Commands that are done together."""

    def __init__(self, run: Any) -> None:
        self._run = run
        self._commands: list[tuple[Any, ...]] = []

    def sadd(self, name: str, *members: str) -> None:
        """SADD."""
        self._commands.append(("sadd", name, *members))

    def hset(
        self, name: str, key: str | None = None, value: Any = None, *, mapping: Any = None
    ) -> None:
        """HSET."""
        self._commands.append(("hset", name, key, value, mapping or {}))

    def rpush(self, name: str, value: str) -> None:
        """RPUSH."""
        self._commands.append(("rpush", name, value))

    def execute(self) -> list[Any]:
        """EXEC."""
        commands, self._commands = self._commands, []
        return list(self._run(commands))


def _octets(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    return value.encode() if isinstance(value, str) else str(value).encode()
