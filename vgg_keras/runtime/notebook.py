"""The notebook whose kernel this process may be."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any


def _shell() -> Any:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell if hasattr(shell, "kernel") else None


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    return _shell() is not None


def name_of(code_file: str) -> str:
    """How a user knows a file of code: by its name, or as a cell of the notebook, such as In[3]."""
    compiler: Any = getattr(_shell(), "compile", None)
    knows_cells = hasattr(compiler, "format_code_name")  # from IPython 8 on
    label = compiler.format_code_name(code_file) if knows_cells else None
    return label[1] if label else Path(code_file).name
