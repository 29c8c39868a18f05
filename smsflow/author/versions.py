"""A project as it was: at a revision of git, or in another folder.

`smsflow graph --diff` and `smsflow diff` compare with it. git is asked for the files alone; the
working tree is not touched.
"""

from __future__ import annotations

import subprocess
import tarfile
from io import BytesIO
from pathlib import Path

from smsflow.engine.language import parse
from smsflow.errors import SettingsInvalid
from smsflow.files import is_project_file, read_files

_PATIENCE = 30.0  # seconds for git to answer
_SHOWN = 5  # mistakes


def project_at(folder: Path, where: str) -> parse.Loaded:
    """The project of `folder` as it is in another folder, or was at a revision of git.

    SettingsInvalid when there is no such version, or it can't be read for its mistakes.
    """
    other = Path(where)
    files = read_files(other) if other.is_dir() else _files_at(folder, where)
    if not files:
        raise SettingsInvalid(f"{where} has no project: there is no smsflow.yaml, and no flow")
    loaded = parse.load(files)
    if loaded.errors:
        told = "\n".join(f"  {issue}" for issue in loaded.errors[:_SHOWN])
        raise SettingsInvalid(f"the project at {where} has mistakes of its own:\n{told}")
    return loaded


def _files_at(folder: Path, revision: str) -> dict[str, bytes]:
    """The project's files at a revision, by their path in the project."""
    commit = _commit(folder, revision)
    listed = _git(folder, "ls-tree", "-r", "-z", "--name-only", commit, ".").decode()
    paths = [path for path in listed.split("\0") if is_project_file(path)]
    if not paths:
        return {}
    packed = BytesIO(_git(folder, "archive", "--format=tar", commit, "--", *paths))
    found: dict[str, bytes] = {}
    with tarfile.open(fileobj=packed) as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isfile() else None
            if content is not None:
                found[member.name] = content.read()
    return found


def _commit(folder: Path, revision: str) -> str:
    """The commit that a revision names; one that begins with - would be an option of git's."""
    unknown = (
        f"{revision!r} is neither a folder nor a revision of this project's git repository;"
        " write main, HEAD~1 or the like, or a folder with another smsflow.yaml"
    )
    if revision.startswith("-"):
        raise SettingsInvalid(unknown)
    try:
        found = _git(folder, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    except _GitRefused as error:
        raise SettingsInvalid(unknown) from error
    return found.decode().strip()


class _GitRefused(SettingsInvalid):
    """git ran, and said no."""


def _git(folder: Path, *arguments: str) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - no shell; what is given is no option, see `_commit`
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - the git that the author uses
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
    except FileNotFoundError as error:
        raise SettingsInvalid(
            "git is not installed here; name a folder with the other version"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise SettingsInvalid(f"git did not answer in {_PATIENCE:.0f} seconds") from error
    if done.returncode:
        why = done.stderr.decode(errors="replace").strip().partition("\n")[0]
        raise _GitRefused(f"git says: {why}")
    return done.stdout
