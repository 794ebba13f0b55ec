"""The command `diagnose`: what it does, and its options."""

from __future__ import annotations

from jsonargparse import Namespace

from vgg_keras.cli.commands.base import Command
from vgg_keras.cli.commands.execution import about, make_config, show_json, tensorflow_for
from vgg_keras.config import DiagnoseConfig


def run(options: Namespace) -> int:
    """Runs `vgg-keras diagnose`."""
    config = make_config(DiagnoseConfig, options)
    purpose = f"Diagnosing {config.loop or config.model}: {about(config)}"
    with tensorflow_for(options, config, purpose):
        from vgg_keras.cli import terminal
        from vgg_keras.diagnosis.diagnose import diagnose

        result = diagnose(config)
        terminal.show_diagnosis(result)
        terminal.show_directory(result)
    if options.json:
        show_json(result.to_dict())
    return {"identical": 0, "diverges": 1}.get(result.verdict, 3)


COMMAND = Command(
    "find out why a training loop does not give what fit gives",
    run,
    DiagnoseConfig,
    (),
    ("vgg-keras diagnose --model my.py:make_model --loop my.py:train",),
)
