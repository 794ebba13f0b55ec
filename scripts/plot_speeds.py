"""Draws how fast each contestant of a benchmark was, as its report does.

Usage: `python scripts/plot_speeds.py logs/benchmark/NAME scripts/pictures/speeds.svg`
"""

import json
import sys
from pathlib import Path

from vgg_keras.reporting.benchmark import speeds


def main(directory: Path, picture: Path) -> None:
    """Draws the first heat.

    Args:
        directory: of a benchmark.
        picture: SVG file to write.
    """
    (heat, *_) = json.loads((directory / "result.json").read_text())["heats"]
    picture.write_text(speeds(heat).svg)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
