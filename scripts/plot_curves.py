"""Draws the curves of a comparison from its `result.json`.

Usage: `python scripts/plot_curves.py logs/compare/NAME scripts/pictures/curves.png`
"""

import json
import sys
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
from matplotlib.ticker import MaxNLocator, PercentFormatter

STYLES = [
    {"color": "#0072B2", "linestyle": "-", "linewidth": 5, "alpha": 0.45},
    {"color": "#D55E00", "linestyle": "--", "linewidth": 1.8, "marker": "o"},
]
"""Wide under narrow, and colours of Okabe and Ito, so that identical curves are both seen."""


def main(directory: Path, picture: Path) -> None:
    """Draws loss and accuracy of both trainers, training and test.

    Args:
        directory: of a comparison.
        picture: file to write; its ending is the format.
    """
    result = json.loads((directory / "result.json").read_text())
    matplotlib.rcParams.update({"font.size": 11, "svg.hashsalt": "vgg_keras"})
    figure, axes = plt.subplots(2, 2, figsize=(9, 6), sharex=True, layout="constrained")
    titles = {
        "loss": "Training loss",
        "val_loss": "Test loss",
        "accuracy": "Training accuracy",
        "val_accuracy": "Test accuracy",
    }
    for axis, (metric, title) in zip(axes.flat, titles.items(), strict=True):
        for run, style in zip(result["runs"], STYLES, strict=False):  # those of the first seed
            epochs = range(1, run["epochs_done"] + 1)
            axis.plot(epochs, run["history"][metric], label=run["trainer"], **style)
        axis.set_title(title)
        axis.grid(alpha=0.3)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        if metric.endswith("accuracy"):
            axis.yaxis.set_major_formatter(PercentFormatter(1, decimals=1))
            axis.set_xlabel("Epoch")
    axes[0, 0].legend(frameon=False)
    verdict = result["parity"]["verdict"]
    figure.suptitle(f"One VGG, two trainers, {result['config']['dataset']}: {verdict}")
    figure.savefig(picture, dpi=110)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
