"""One subclassed Keras model, trained in several ways and compared to the last bit.

The names below are imported on first use: `import vgg_keras` is fast and changes nothing, except
that `keras.models.load_model` knows the `VGG` once both packages are imported.

On processors without AVX512_VNNI TensorFlow leaves oneDNN's convolutions off, though they are
faster there too. The program turns them on; in Python set `TF_ENABLE_ONEDNN_OPTS=1` in `os.environ`
before TensorFlow is imported.
"""

import sys
from contextlib import nullcontext
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vgg_keras.benchmarking.benchmark import benchmark
    from vgg_keras.comparison.compare import compare
    from vgg_keras.config import (
        BenchmarkConfig,
        CompareConfig,
        DiagnoseConfig,
        SearchConfig,
        TrainConfig,
    )
    from vgg_keras.datasets import load_dataset
    from vgg_keras.diagnosis.diagnose import diagnose
    from vgg_keras.models.vgg import VGG
    from vgg_keras.reporting.write import write_report as report
    from vgg_keras.trainers.contract import Steps
    from vgg_keras.training.inference import evaluate, predict
    from vgg_keras.training.run import train
    from vgg_keras.tuning.rerun import rerun
    from vgg_keras.tuning.search import search

__version__ = "0.2.0"

_HOME = {
    "VGG": "vgg_keras.models.vgg",
    "BenchmarkConfig": "vgg_keras.config",
    "CompareConfig": "vgg_keras.config",
    "DiagnoseConfig": "vgg_keras.config",
    "SearchConfig": "vgg_keras.config",
    "Steps": "vgg_keras.trainers.contract",
    "TrainConfig": "vgg_keras.config",
    "benchmark": "vgg_keras.benchmarking.benchmark",
    "compare": "vgg_keras.comparison.compare",
    "diagnose": "vgg_keras.diagnosis.diagnose",
    "evaluate": "vgg_keras.training.inference",
    "load_dataset": "vgg_keras.datasets",
    "predict": "vgg_keras.training.inference",
    "report": "vgg_keras.reporting.write",
    "rerun": "vgg_keras.tuning.rerun",
    "search": "vgg_keras.tuning.search",
    "train": "vgg_keras.training.run",
}
_WITHOUT_KERAS = ("vgg_keras.config", "vgg_keras.reporting.write")
_ORIGINAL_NAMES = {"report": "write_report"}

__all__ = [
    "VGG",
    "BenchmarkConfig",
    "CompareConfig",
    "DiagnoseConfig",
    "SearchConfig",
    "Steps",
    "TrainConfig",
    "benchmark",
    "compare",
    "diagnose",
    "evaluate",
    "load_dataset",
    "predict",
    "report",
    "rerun",
    "search",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'vgg_keras' has no attribute {name!r}; it has {__all__}")
    from vgg_keras.runtime.startup import check_keras, silent_startup

    with nullcontext() if "tensorflow" in sys.modules else silent_startup():
        if _HOME[name] not in _WITHOUT_KERAS:
            check_keras()
        module = import_module(_HOME[name])
    return getattr(module, _ORIGINAL_NAMES.get(name, name))


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


def _register() -> None:
    if sys.modules["keras"].config.backend() == "tensorflow":
        import_module("vgg_keras.models.vgg")


class _KerasFinder:
    """Finds Keras as if this were not here, and registers the VGG when Keras has been imported."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name != "keras":
            return None
        sys.meta_path.remove(self)
        spec = find_spec(name)
        if spec and spec.loader:
            execute = spec.loader.exec_module

            def execute_and_register(module: ModuleType) -> None:
                execute(module)
                _register()

            spec.loader.exec_module = execute_and_register  # type: ignore[method-assign]
        return spec


if "keras" in sys.modules:
    _register()
else:
    sys.meta_path.insert(0, _KerasFinder())
