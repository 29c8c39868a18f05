"""A project of one's own, begun: the files of `smsflow/starter`, with the name of the project."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from smsflow.author.schemas import FLOWS, PROJECT, schemas_of
from smsflow.author.yaml_text import quoted
from smsflow.engine.language import parse
from smsflow.errors import SettingsInvalid

_NAMED = "Starter"  # what the starter's files call the project
_DOTTED = {"gitignore": ".gitignore"}  # hidden files would be overlooked, or obeyed, in a package
_LONGEST = 60  # characters of a name; it stands in texts


def begin_project(folder: Path, name: str | None = None) -> list[str]:
    """Write the files of a new project; their paths in it.

    SettingsInvalid when the folder holds something already, or the name can't be one.
    """
    name = (folder.resolve().name if name is None else name).strip()
    if not name or len(name) > _LONGEST or not name.isprintable():
        raise SettingsInvalid(
            f"{name!r} can't be a project's name; give it one of 1 to {_LONGEST} characters on one"
            ' line, such as --name "Elm Road Clinic"'
        )
    _check_free(folder)
    contents = _contents(name)
    try:
        for path, text in contents.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, "utf-8", newline="\n")
    except OSError as error:
        raise SettingsInvalid(f"can't write to {folder} ({error.strerror or error})") from error
    return sorted(contents)


def _check_free(folder: Path) -> None:
    """Refuse a folder in which something could be overwritten; a fresh git repository is free."""
    try:
        there = sorted(each.name for each in folder.iterdir() if each.name != ".git")
    except FileNotFoundError:
        return
    except OSError as error:
        raise SettingsInvalid(f"can't use {folder} ({error.strerror or error})") from error
    if there:
        raise SettingsInvalid(
            f"{folder} is not empty (it has {there[0]}); name a new folder, such as"
            f" {folder / 'sms'}"
        )


def _contents(name: str) -> dict[str, str]:
    """The files by their path, with the project's name where the starter has its own."""
    found = dict(_texts(files("smsflow") / "starter", ""))
    settings, readme = found["smsflow.yaml"], found["README.md"]
    found["smsflow.yaml"] = settings.replace(quoted(_NAMED), quoted(name), 1)
    found["README.md"] = readme.replace(f"# {_NAMED}\n", f"# {name}\n", 1)
    # For editors: the first lines of the files above name these.
    flows, project = schemas_of(parse.load({path: text.encode() for path, text in found.items()}))
    return {**found, FLOWS: flows, f".smsflow/{PROJECT}": project}


def _texts(folder: Traversable, path: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for each in folder.iterdir():
        if each.is_dir():
            found += _texts(each, f"{path}{each.name}/")
        else:
            found.append((path + _DOTTED.get(each.name, each.name), each.read_text("utf-8")))
    return found
