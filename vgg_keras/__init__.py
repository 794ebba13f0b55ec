"""One subclassed Keras VGG, trained two ways and compared to the last bit.

The names below are imported on first use, so that `import vgg_keras` stays fast.
"""

import os
import sys
from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# On processors without AVX512_VNNI or later TensorFlow leaves oneDNN off, though its convolutions
# are faster there too. It reads the variable when it is imported.
if "tensorflow" not in sys.modules:
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

_HOME = {
    "VGG": "vgg_keras.models.vgg",
    "BenchmarkConfig": "vgg_keras.config",
    "CompareConfig": "vgg_keras.config",
    "SearchConfig": "vgg_keras.config",
    "TrainConfig": "vgg_keras.config",
    "benchmark": "vgg_keras.benchmarking.benchmark",
    "compare": "vgg_keras.comparison.experiment",
    "load_dataset": "vgg_keras.datasets",
    "rerun": "vgg_keras.tuning.rerun",
    "search": "vgg_keras.tuning.search",
    "train": "vgg_keras.training.run",
}
__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'vgg_keras' has no attribute {name!r}; it has {__all__}")
    return getattr(import_module(_HOME[name]), name)
