"""`diagnose`: a loop observed as it runs, and compared step by step with what `fit` does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vgg_keras import plugins
from vgg_keras.config import DiagnoseConfig
from vgg_keras.diagnosis.data import batches_of, weights_of
from vgg_keras.diagnosis.loops import fit
from vgg_keras.diagnosis.session import Session
from vgg_keras.errors import require
from vgg_keras.reporting.write import write_report
from vgg_keras.runs.directory import create_run_directory
from vgg_keras.runs.result_file import ResultFile
from vgg_keras.runs.results import DiagnoseResult
from vgg_keras.runtime.settings import one_training
from vgg_keras.training.parts import gather
from vgg_keras.training.run import split


@one_training()
def diagnose(
    config: DiagnoseConfig | None = None,
    *,
    model: str | Callable[..., Any] | None = None,
    loop: str | Callable[..., Any] | None = None,
    reference: str | Callable[..., Any] | None = None,
    data: Any = None,
    **options: Any,
) -> DiagnoseResult:
    """Finds out why a training loop does not give what `fit` gives.

    The loop runs unchanged, with its `tf.function`s executed eagerly, and each of its steps is
    compared with the one that `fit` makes from the same state with the same batch.

    Example:
    ```python
    result = vgg_keras.diagnose(model=make_model, loop=train, data=(x, y, x_test, y_test))
    print(result.verdict, result.cause, result.location, result.fix)
    ```

    Args:
        config: What to diagnose and where to keep the result; or its fields as keywords.
        model: Function that returns a compiled `keras.Model`, or its reference.
        loop: Loop `train(model, dataset, epochs)`; its parameters may have other names, and it may
            make its model itself. None for the model's own `fit`, with `reference`.
        reference: Function that returns the model whose `fit` is right; default `model`.
        data: Data instead of the data set, as in `train`, but not shuffled.
        **options: Fields of `DiagnoseConfig`.

    Returns:
        The result, as in the directory's `result.json`.

    Raises:
        InputError: If model, loop or data cannot be used.
    """
    given = {}
    for name, value in (("model", model), ("loop", loop), ("reference", reference)):
        function, options = split(options, name, value)
        if function is not None:
            given[name] = function
            options[name] = plugins.reference_to(function)
    config = DiagnoseConfig.of(config, options)
    names = {"loop": config.loop, "reference": config.reference}
    for name, text in names.items():
        if text and name not in given:
            given[name] = plugins.load(text, f"--{name}", config.sources)
    require("loop" in given or "reference" in given, "--loop", "a loop, or --reference", "none")
    config, parts = gather(config, [], model=given.get("model"), data=data)
    assert parts.factory
    factory = given.get("reference", parts.factory)
    weights = weights_of(config.dataset) if data is None else None
    train, test = batches_of(parts.data, config.batch_size, weights)
    session = Session(config, parts.factory, factory, given.get("loop", fit), train, test)
    directory = create_run_directory(config.logdir, "diagnose", config.name)
    file: ResultFile[DiagnoseResult] = ResultFile(directory, config, resumable=False)
    with file:
        file.update(**session.run())
    write_report(directory)
    return file.result
