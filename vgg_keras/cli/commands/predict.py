"""The command `predict`: what it does, and its options."""

from __future__ import annotations

from pathlib import Path

from jsonargparse import Namespace

from vgg_keras.cli.commands.base import MODEL, Command, Option
from vgg_keras.cli.commands.execution import show_json, tensorflow_for
from vgg_keras.config import RunConfig
from vgg_keras.config.base import count


def run(options: Namespace) -> int:
    """Runs `vgg-keras predict`."""
    purpose = f"Classifying {count(len(options.images), 'image')} by {options.path}"
    with tensorflow_for(options, RunConfig(), purpose):
        from vgg_keras.cli import terminal
        from vgg_keras.training import inference

        rows = inference.predict(options.path, options.images, model=options.model)
        predictions = dict(zip(map(str, options.images), rows, strict=True))
        if not options.quiet:
            terminal.show_pictures(predictions)
        terminal.show_predictions(predictions, inference.SURE)
    if options.json:
        for row in rows:
            del row["picture"]
        show_json(predictions)
    return 0


COMMAND = Command(
    "classify image files",
    run,
    None,
    (
        Option("path", "A .keras file, or the directory of one run.", Path),
        Option("images", "Image files.", Path, nargs="+"),
        MODEL,
    ),
    ("vgg-keras predict logs/train/NAME digit.png",),
)
