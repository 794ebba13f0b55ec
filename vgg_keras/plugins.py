"""The user's own code: `FILE.py:name` or `package.module:name` to an object."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from vgg_keras.errors import InputError

_MODULES: dict[Path, ModuleType] = {}
"""The user's files that were run, by resolved path."""

_FILES: set[Path] = set()
"""Those, and the ones that failed."""


def is_reference(text: str) -> bool:
    """Whether a text has the form of a reference: `my.py:train` or `package.module:name`."""
    module, colon, name = text.partition(":")
    return bool(colon) and "." in module and name.isidentifier()


def load(reference: str, option: str, sources: Mapping[str, Any] | None = None) -> Any:
    """Loads the object that a reference names.

    Args:
        reference: `FILE.py:name` or `package.module:name`.
        option: Option that holds it, for the message of an error.
        sources: Files of an earlier run, with absolute paths: where a relative one is not found.

    Raises:
        InputError: If there is no such file, module or name. Errors in the code itself are raised
            as they are.
    """
    module_name, _, name = reference.partition(":")
    if module_name.endswith(".py"):
        path = Path(os.path.expanduser(module_name))
        known = (Path(source) for source in sources or () if not path.is_file())
        path = next((source for source in known if source.name == path.name), path)
        module = _run_file(path, option)
    else:
        try:
            module = sys.modules.get(module_name) or import_module(module_name)
        except ModuleNotFoundError as error:
            if not f"{module_name}.".startswith(f"{error.name}."):
                raise
            raise InputError(
                f"{option}: expected a module that can be imported, received {module_name}"
            ) from error
    if not hasattr(module, name):
        names = [key for key, value in vars(module).items() if callable(value) and key[0] != "_"]
        raise InputError(
            f"{option}: expected a name in {module_name} ({', '.join(names) or 'it has none'}), "
            f"received {name}"
        )
    return getattr(module, name)


def _run_file(path: Path, option: str) -> ModuleType:
    """Runs a file once, with its own folder first on the path for the modules beside it."""
    resolved = path.resolve()
    if resolved in _MODULES:
        return _MODULES[resolved]
    if not resolved.is_file():
        raise InputError(f"{option}: expected a Python file, received {path}, which is none")
    spec = importlib.util.spec_from_file_location(resolved.stem, resolved)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    shadowed = sys.modules.get(resolved.stem)
    sys.modules[resolved.stem] = module
    sys.path.insert(0, str(resolved.parent))
    _FILES.add(resolved)
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(resolved.parent))
        if shadowed is not None:
            sys.modules[resolved.stem] = shadowed
    _MODULES[resolved] = module
    return module


def files_run() -> set[Path]:
    """The user's files that were run."""
    return _FILES.copy()


def reference_to(function: Callable[..., Any]) -> str:
    """The name under which a run keeps a function that was handed in from Python."""
    name = getattr(function, "__qualname__", type(function).__qualname__)
    return f"{getattr(function, '__module__', None) or type(function).__module__}:{name}"


def sha256_of(source: str | Callable[..., Any]) -> dict[str, str]:
    """The file that a reference or a function is from, and its sha256; empty without a file."""
    if isinstance(source, str):
        module = source.partition(":")[0]
        if not is_reference(source) or not module.endswith(".py"):
            return {}
        path = Path(os.path.expanduser(module))
    else:
        try:
            path = Path(inspect.getsourcefile(inspect.unwrap(source)) or "")
        except TypeError:
            return {}
    if not path.is_file():
        return {}
    return {str(path.absolute()): hashlib.sha256(path.read_bytes()).hexdigest()}


def user_traceback(error: BaseException) -> str | None:
    """The traceback of an error in the user's files, cut to their frames.

    Returns:
        The text; None if the error did not arise there: if code of this package is nearer to it.
    """
    package = Path(__file__).parent
    frames = traceback.extract_tb(error.__traceback__)
    ours = [Path(frame.filename).resolve().is_relative_to(package) for frame in frames]
    users = [Path(frame.filename).resolve() in _FILES for frame in frames]
    if isinstance(error, SyntaxError) and error.filename:
        if Path(error.filename).resolve() not in _FILES:
            return None
        return "".join(traceback.format_exception_only(error))
    nearest = max((place for place, own in enumerate(ours) if own), default=-1)
    if True not in users[nearest + 1 :]:
        return None
    kept = [frame for frame, user in zip(frames, users, strict=True) if user]
    return "".join(
        (
            "Traceback (your files):\n",
            *traceback.format_list(kept),
            *traceback.format_exception_only(error),
        )
    )
