"""The layers hold and the pure packages are pure: read from the imports, not promised in prose.

Lazy imports inside functions count like any other.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "smsflow"

# From the bottom up. Rooms on one line don't know each other.
LAYERS = [
    {"errors"},
    {"sms"},
    {"engine", "sandbox"},
    {"clock", "config", "files", "logs", "parent", "app"},
    {"extending"},
    {"store", "providers", "webclient"},
    {"audience", "blaming", "clicks", "concerned", "desk", "pauses"},
    {"conversation", "delivery", "health", "audit", "moving"},
    {"errands"},
    {"runtime"},
    {"reception"},
    {"pulling"},
    {"schedules"},
    {"jobs"},
    {"worker"},
    {"web"},
    {"service"},
    {"author"},
    {"demo", "demo_story", "dev"},
    {"cli", "pytest_plugin", "__main__"},
]

# What two rooms on one line may know of each other after all, with the reason.
EXCEPTIONS = {
    ("__main__", "cli"): "python -m smsflow is the command line",
    ("demo", "demo_story"): "the demo plays its story",
}

# The sandbox stands for the other side: it shares alphabets and parts, never the client's words.
SANDBOX_KNOWS = {"smsflow.sms.encoding", "smsflow.errors"}

# Where the pure packages could reach for the clock, randomness or the world outside.
IMPURE_MODULES = {
    "asyncio", "concurrent", "ctypes", "fakeredis", "flask", "http", "io", "logging",
    "multiprocessing", "os", "pathlib", "redis", "requests", "rq", "secrets", "select", "selectors",
    "shutil", "signal", "socket", "sqlalchemy", "sqlite3", "ssl", "structlog", "subprocess", "sys",
    "tempfile", "threading", "time", "urllib3", "uuid",
}  # fmt: skip
IMPURE_CALLS = {"open", "input", "print", "SystemRandom", "Random"}
IMPURE_METHODS = {"now", "utcnow", "today", "time_ns", "monotonic", "perf_counter", "urandom"}
PURE = ("sms", "engine")


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Every module of smsflow by its dotted name, as a syntax tree."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if "migrations" in path.parts:
            continue
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        yield name, ast.parse(path.read_text(encoding="utf-8"))


def imports(tree: ast.Module) -> Iterator[str]:
    """The modules that a tree imports for use at run time, wherever it does so."""
    skipped = {
        id(each)
        for node in ast.walk(tree)
        if isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and node.test.id == "TYPE_CHECKING"
        for each in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            for alias in node.names:
                yield f"{node.module}.{alias.name}"


def room(module: str) -> str:
    """The room of smsflow that a dotted name belongs to, or ''."""
    parts = module.split(".")
    return parts[1] if parts[0] == "smsflow" and len(parts) > 1 else ""


def level(name: str) -> int:
    """How high a room lies."""
    for number, rooms in enumerate(LAYERS):
        if name in rooms:
            return number
    raise AssertionError(f"smsflow/{name} has no place in the layers; give it one in this test")


MODULES = dict(modules())


@pytest.mark.parametrize("name", [name for name in MODULES if room(name)])
def test_imports_run_one_way(name: str) -> None:
    """A module knows its own room and rooms below it."""
    here = room(name)
    for imported in imports(MODULES[name]):
        there = room(imported)
        if there in ("", here, "__version__") or (here, there) in EXCEPTIONS:
            continue
        assert level(there) < level(here), f"{name} must not import {imported}"


@pytest.mark.parametrize("name", [name for name in MODULES if room(name) == "sandbox"])
def test_the_sandbox_shares_only_alphabets_and_parts(name: str) -> None:
    """The provider's side is written from the manual, so that no mistake cancels itself out."""
    for imported in imports(MODULES[name]):
        if imported.startswith("smsflow.") and room(imported) != "sandbox":
            assert any(imported.startswith(known) for known in SANDBOX_KNOWS), imported


@pytest.mark.parametrize("name", [name for name in MODULES if room(name) in PURE])
def test_pure_packages_reach_for_nothing(name: str) -> None:
    """No clock, no randomness, no files, no network, no threads, no log in `sms` and `engine`."""
    tree = MODULES[name]
    for imported in imports(tree):
        top = imported.split(".")[0]
        pure = imported.startswith("pathlib.Pure")
        assert pure or top not in IMPURE_MODULES, f"{name} imports {imported}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Name):
                assert function.id not in IMPURE_CALLS, f"{name}:{node.lineno} {function.id}()"
            elif isinstance(function, ast.Attribute):
                assert function.attr not in IMPURE_METHODS, f"{name}:{node.lineno}"


def test_pure_packages_load_without_the_impure_ones() -> None:
    """Importing the engine brings no database, no web framework and no queue with it."""
    import subprocess

    code = (
        "import sys, smsflow.engine.machine, smsflow.sms.encoding;"
        "bad = {'sqlalchemy', 'flask', 'redis', 'rq', 'urllib3', 'structlog'} & set(sys.modules);"
        "sys.exit(repr(bad) if bad else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=PACKAGE.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_modules_stay_readable() -> None:
    """No module over 400 lines; a longer one needs a wall, not an exception."""
    for path in PACKAGE.rglob("*.py"):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        assert lines <= 400, f"{path.relative_to(PACKAGE.parent)} has {lines} lines"
