"""What runs leave: `result.json` as objects, each command's by its own class."""

from vgg_keras.runs.results.benchmark import BenchmarkResult, Group, Ratio, RecordingCost, Timed
from vgg_keras.runs.results.comparison import (
    Against,
    CompareResult,
    Difference,
    Equivalence,
    McNemar,
    Paired,
    Parity,
    Repetition,
    Speed,
    Summary,
)
from vgg_keras.runs.results.diagnosis import Cause, DiagnoseResult
from vgg_keras.runs.results.result import SCHEMA, Result
from vgg_keras.runs.results.search import Best, SearchResult, Trial
from vgg_keras.runs.results.training import Mistake, Run, Test, TrainResult

RESULTS: dict[str, type[Result]] = {
    "train": TrainResult,
    "compare": CompareResult,
    "search": SearchResult,
    "benchmark": BenchmarkResult,
    "diagnose": DiagnoseResult,
}
"""The class of each command's result."""

__all__ = [
    "RESULTS",
    "SCHEMA",
    "Against",
    "BenchmarkResult",
    "Best",
    "Cause",
    "CompareResult",
    "DiagnoseResult",
    "Difference",
    "Equivalence",
    "Group",
    "McNemar",
    "Mistake",
    "Paired",
    "Parity",
    "Ratio",
    "RecordingCost",
    "Repetition",
    "Result",
    "Run",
    "SearchResult",
    "Speed",
    "Summary",
    "Test",
    "Timed",
    "TrainResult",
    "Trial",
]
