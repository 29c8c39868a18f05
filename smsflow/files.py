"""The files of a project, from its folder: the one reader of flows and texts on the disk, and
the one writer in their place."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from tempfile import NamedTemporaryFile

from smsflow.errors import SettingsInvalid

_PATTERNS = (
    "smsflow.yaml",
    *("flows/*.yaml", "flows/*.yml"),
    *("texts/*.yaml", "texts/*.yml"),
    "templates/*",
)


def read_files(folder: Path) -> dict[str, bytes]:
    """The files of a project by their path in it; SettingsInvalid when one can't be read."""
    return {path.relative_to(folder).as_posix(): read_bytes(path) for path in _paths(folder)}


def read_bytes(path: Path) -> bytes:
    """What a file holds; SettingsInvalid says why it can't be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsInvalid(f"can't read {path} ({error.strerror or error})") from error


def write_whole(path: Path, data: bytes) -> None:
    """Put `data` in place of the file in one step, with its permissions: whoever reads it, also
    after a crash, finds the old file, or none, or the new one. SettingsInvalid says why it can't
    be done."""
    target = path.resolve()
    try:
        mode = target.stat().st_mode if target.exists() else _mode_of_new_files()
        with NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}-", delete=False) as file:
            try:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
                os.chmod(file.name, mode)
                os.replace(file.name, target)
            except BaseException:
                os.unlink(file.name)
                raise
    except OSError as error:
        raise SettingsInvalid(f"can't write {path} ({error.strerror or error})") from error


def _mode_of_new_files() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return 0o666 & ~mask


def marks(folder: Path) -> dict[Path, tuple[int, int]]:
    """A mark of each file (time of the last change in nanoseconds, size): new when it changed."""
    found = {}
    for path in _paths(folder):
        try:
            status = path.stat()
        except OSError:  # gone between the two looks, as when an editor saves
            continue
        found[path] = (status.st_mtime_ns, status.st_size)
    return found


def changes(look: Callable[[], object], wait: Callable[[], None]) -> Iterator[None]:
    """Yield at once, and again whenever `look` sees something new; `wait` parts the looks."""
    seen: object = None
    while True:
        now = look()
        if now != seen:
            seen = now
            yield
        wait()


def is_project_file(path: str) -> bool:
    """True for a path in a project that `read_files` reads."""
    pure = PurePosixPath(path)
    return any(pure.match(each) and len(pure.parts) == each.count("/") + 1 for each in _PATTERNS)


def _paths(folder: Path) -> list[Path]:
    paths = [path for pattern in _PATTERNS for path in sorted(folder.glob(pattern))]
    return [path for path in paths if path.is_file()]
