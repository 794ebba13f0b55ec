"""The command `report`: what it does, and its options."""

from __future__ import annotations

import json
from pathlib import Path

from jsonargparse import Namespace

from vgg_keras.cli.commands.base import Command, Option


def run(options: Namespace) -> int:
    """Runs `vgg-keras report`."""
    from vgg_keras.reporting.write import write_report

    file = write_report(options.path)
    print(json.dumps({"report": str(file)}) if options.json else f"Written: {file}")
    return 0


COMMAND = Command(
    "write report.html of a run again",
    run,
    None,
    (Option("path", "A run directory.", Path),),
    ("vgg-keras report logs/compare/NAME",),
)
