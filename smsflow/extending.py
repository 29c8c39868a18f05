"""A project's own Python: the module that smsflow.yaml names, imported from the project's folder.

Whatever is wrong with it is an issue at the place where it is named, with the line of the module:
the author of a flow meets no traceback.
"""

from __future__ import annotations

import importlib
import re
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from smsflow.app import App
from smsflow.engine.extension import Extension, Unusable
from smsflow.engine.language import parse
from smsflow.engine.language.project import FILE, python_of
from smsflow.engine.model import Project
from smsflow.errors import ProjectInvalid
from smsflow.files import read_files

_SPEC = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)(?::([A-Za-z_]\w*))?")
_importing = threading.Lock()


def load_folder(folder: Path) -> parse.Loaded:
    """The project in a folder with its Python, and everything that is wrong with either."""
    return load(read_files(folder), folder)


def read_project(folder: Path) -> tuple[Project, parse.Loaded]:
    """The project in a folder; ProjectInvalid holds everything that is wrong with its files."""
    loaded = load_folder(folder)
    if loaded.errors or loaded.project is None:
        raise ProjectInvalid(loaded.issues)
    return loaded.project, loaded


def load(files: Mapping[str, bytes], folder: Path) -> parse.Loaded:
    """These files, with the Python module that they name, imported from `folder`."""
    named = python_of(files[FILE]) if FILE in files else None
    return parse.load(files, None if named is None else extension(named.text.strip(), folder))


def extension(spec: str, folder: Path) -> Extension | Unusable:
    """What the module registers; `spec` is `module` or `module:name`."""
    match = _SPEC.fullmatch(spec)
    if match is None:
        return Unusable(f"{spec!r} names no module", "such as shop.flows, or shop.flows:app")
    module_name, name = match[1], match[2] or "app"
    with _importing, _from(folder):
        try:
            module = importlib.import_module(module_name)
        except ModuleNotFoundError as error:
            missing = error.name or module_name
            if module_name == missing or module_name.startswith(f"{missing}."):
                hint = f"write {module_name.replace('.', '/')}.py beside {FILE}, or install it"
                return Unusable(f"there is no module {missing!r}", hint)
            return _broken(error, folder)
        # Any code may run here, and raise anything; SystemExit too.
        except (Exception, SystemExit) as error:
            return _broken(error, folder)
    found = getattr(module, name, None)
    if isinstance(found, App):
        return found.extension
    if found is None:
        hint = f"write {name} = smsflow.App() there"
        return Unusable(f"the module {module_name!r} has no {name!r}", hint)
    hint = "name the object behind a colon, such as shop.flows:app"
    return Unusable(f"{name!r} of {module_name!r} is no smsflow.App", hint)


@contextmanager
def _from(folder: Path) -> Iterator[None]:
    """Import from the folder first; modules of that name from other folders are forgotten."""
    path = str(folder)
    _forget_others(folder)
    sys.path.insert(0, path)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(path)


def _forget_others(folder: Path) -> None:
    """Two projects in one process may both have a module `flows`."""
    for name, module in list(sys.modules.items()):
        top = name.partition(".")[0]
        here = (folder / f"{top}.py").exists() or any((folder / top).rglob("*.py"))
        if here and not _lies_in(module, folder) and _is_of_a_project(module):
            del sys.modules[name]


def _lies_in(module: ModuleType, folder: Path) -> bool:
    return Path(getattr(module, "__file__", None) or "/").is_relative_to(folder)


def _is_of_a_project(module: ModuleType) -> bool:
    """True for modules beside some smsflow.yaml, which alone are ours to forget."""
    file = getattr(module, "__file__", None)
    return file is not None and any((each / FILE).exists() for each in Path(file).parents)


def _broken(error: BaseException, folder: Path) -> Unusable:
    """What an import raised, with the last line of the project's own that led there."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [each for each in frames if Path(each.filename).is_relative_to(folder)]
    if isinstance(error, SyntaxError) and error.filename:
        at = f"{_short(error.filename, folder)}:{error.lineno}: "
        said = f"{type(error).__name__}: {error.msg}"
    else:
        at = f"{_short(own[-1].filename, folder)}:{own[-1].lineno}: " if own else ""
        said = f"{type(error).__name__}: {error}"
    return Unusable(f"the module can't be imported: {at}{said}", "mend it, then check again")


def _short(file: str, folder: Path) -> str:
    path = Path(file)
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name
