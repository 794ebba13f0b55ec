"""What can be asked for: one frozen dataclass a command, checked where it is made."""

from vgg_keras.config.base import ModelConfig, RunConfig, TrainConfig
from vgg_keras.config.benchmark import BenchmarkConfig
from vgg_keras.config.compare import CompareConfig
from vgg_keras.config.diagnose import DiagnoseConfig
from vgg_keras.config.search import SearchConfig

__all__ = [
    "BenchmarkConfig",
    "CompareConfig",
    "DiagnoseConfig",
    "ModelConfig",
    "RunConfig",
    "SearchConfig",
    "TrainConfig",
]
