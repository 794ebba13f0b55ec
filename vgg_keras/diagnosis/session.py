"""One diagnosis: the loop is run and observed, and what it did is judged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from vgg_keras.config import DiagnoseConfig
from vgg_keras.diagnosis.data import Rows
from vgg_keras.diagnosis.figures import Figures, history_of, history_of_metrics
from vgg_keras.diagnosis.findings import Finding
from vgg_keras.diagnosis.graphs import judge_graphs
from vgg_keras.diagnosis.judge import Judge
from vgg_keras.diagnosis.loops import files_of, run_loop, takes_model
from vgg_keras.diagnosis.observer import Observer, State, replaced, set_state, state_of
from vgg_keras.diagnosis.reference import Reference
from vgg_keras.errors import require
from vgg_keras.reporting.explanations import EXPLANATIONS
from vgg_keras.runs.results import Cause
from vgg_keras.runtime import compat
from vgg_keras.runtime.machine import memory_bytes
from vgg_keras.trainers.prepare import refusing_unusable

FLOORS = {"float32": 1e-5, "float64": 1e-9}
"""Relative rounding errors of a step, by the dtype that it is computed in."""

FLOOR_OF_HALF_PRECISION = 5e-3

COPIES = 4
"""What is kept of a step, in copies of the model: state before and after, and gradients twice."""


class Session:
    """One diagnosis.

    Args:
        config: Gives epochs, batch size and seed.
        make_model: Makes the model that the loop gets.
        make_reference: Makes the model that is trained as `fit` does.
        loop: Loop to be diagnosed.
        train: Training batches.
        test: Test batches.

    Raises:
        InputError: If the loop cannot be called, a model is not compiled, or the states of all
            steps do not fit into memory.
    """

    def __init__(
        self,
        config: DiagnoseConfig,
        make_model: Callable[[], Any],
        make_reference: Callable[[], Any],
        loop: Any,
        train: tf.data.Dataset,
        test: tf.data.Dataset,
    ):
        self._takes_model = takes_model(loop)
        self._config, self._loop, self._train, self._test = config, loop, train, test
        self._rows, self._tests = Rows(train), Rows(test)
        self._make_model = make_model
        self._model, model = self._make(make_model), self._make(make_reference)
        with refusing_unusable(train.element_spec):
            compat.build_all(model, train.element_spec)
        if not model.optimizer.built:
            model.optimizer.build(model.trainable_variables)
        self._reference = Reference(model)
        self._begin_alike()
        steps = config.epochs * len(self._rows.batches)
        needed = steps * COPIES * sum(value.nbytes for value in self._reference.initial)
        expected = (
            f"{memory_bytes() / 1e9:.1f} GB of memory to be enough for the states of all steps"
        )
        received = f"{steps} steps, which need {needed / 1e9:.1f} GB; use a lower one, such as 400"
        require(needed < memory_bytes(), "--limit", expected, received)
        kind = model.compute_dtype if hasattr(model, "compute_dtype") else "float32"
        self._floor = FLOORS.get(kind, FLOOR_OF_HALF_PRECISION)

    def _make(self, factory: Callable[[], Any]) -> keras.Model:
        keras.utils.set_random_seed(self._config.seed)
        model = factory()
        compiled = isinstance(model, keras.Model) and model.compiled
        expected = "a function that returns a compiled keras.Model"
        require(compiled, "--model", expected, f"one that returns {type(model).__name__}")
        return model

    def _begin_alike(self) -> None:
        if not self._model.built:
            with refusing_unusable(self._train.element_spec):
                compat.build_all(self._model, self._train.element_spec)
        set_state(self._model, self._reference.initial)

    def run(self) -> dict[str, Any]:
        """Runs the loop, and compares it with `fit`.

        Returns:
            Fields of the result.
        """
        files = files_of(self._loop) | files_of(type(self._model).train_step)
        observer = Observer(files, self._reference.initial, self._model, self._takes_model)
        eager = tf.config.functions_run_eagerly()
        tf.config.run_functions_eagerly(True)
        try:
            with observer.watching():
                returned = self._run_loop(self._loop)
            return self._judge(observer, history_of(returned))
        finally:
            tf.config.run_functions_eagerly(eager)

    def _run_loop(self, loop: Any) -> Any:
        config = self._config
        values = {"model": self._model, "train": self._train, "test": self._test}
        for part, rows in (("train", self._rows), ("test", self._tests)):
            values |= {f"x_{part}": rows.x, f"y_{part}": rows.y}
        values |= {"epochs": config.epochs, "batch_size": config.batch_size}
        keras.utils.set_random_seed(config.seed)
        return run_loop(loop, values)

    def _judge(self, observer: Observer, history: dict[str, list[float]]) -> dict[str, Any]:
        steps, epochs = observer.steps, self._config.epochs
        shapes = {tuple(v.shape for v in step.before) for step in steps}
        if not steps:
            return inconclusive("no update by an optimizer was seen")
        if shapes != {tuple(v.shape for v in self._reference.initial)}:
            return inconclusive("other models than the one of --model are trained")
        judge = Judge(self._reference, self._rows, self._tests, steps, self._floor)
        findings = judge.judge(state_of(steps[-1].model))
        if findings and (findings[0].cause, findings[0].stage) == (None, "batch"):
            return inconclusive(" ".join(findings[0].evidence))
        if judge.random:
            reason = "the batches are drawn with replacement, so that no fit gets the same"
            return {**inconclusive(reason), "other_causes": self._causes(findings)}
        expected = epochs * len(self._rows.batches)
        causes = {finding.cause for finding in findings}
        if len(steps) < expected and not findings:
            reason = f"the loop makes {len(steps)} updates in {epochs} epochs; fit {expected}"
            return inconclusive(reason)
        if len(judge.seen) > expected and not findings:
            evidence = [f"The loop makes {len(judge.seen)} steps; fit makes {expected}."]
            findings = [Finding(None, "update", expected, None, evidence, steps[-1].place)]
            return {**self._report(findings, len(steps)), "gaps": judge.gaps}
        figures = Figures(judge, self._tests, epochs)
        if None not in causes:
            findings += figures.judge(history or history_of_metrics(observer, epochs), observer)
            findings += judge.judge_end(state_of(steps[-1].model))
        if not findings and steps[-1].model is self._model:
            states = [*(step.before for step in steps), state_of(self._model)]
            known = {name: part for name, part in history.items() if figures.key_of(name)}
            per_epoch = len(self._rows.batches)
            findings += judge_graphs(self._train_again, self._loop, states, known, per_epoch)
        return {**self._report(findings, len(steps)), "gaps": judge.gaps}

    def _train_again(self, loop: Any, eager: bool) -> tuple[list[State], dict[str, list[float]]]:
        """Runs a loop once more, from where the model was made.

        Returns:
            The initial state, and those after the steps, as far as the loop asks for its batches
            one by one; and the figures that it returned.
        """
        tf.config.run_functions_eagerly(eager)
        self._model = self._make(self._make_model)
        self._begin_alike()
        states = [state_of(self._model)]

        def note() -> None:
            state = state_of(self._model)
            if any(not np.array_equal(a, b) for a, b in zip(state, states[-1], strict=True)):
                states.append(state)

        def next_batch(original: Any, iterator: Any) -> Any:
            note()
            return original(iterator)

        with replaced(type(iter(self._train)), "__next__", next_batch):
            returned = self._run_loop(loop)
        note()
        return states, history_of(returned)

    def _report(self, findings: list[Finding], count: int) -> dict[str, Any]:
        if not findings:
            return {"verdict": "identical", "steps": count}
        causes = self._causes(findings)
        first = causes[0]
        return {
            "verdict": "diverges",
            "steps": count,
            **{name: getattr(first, name) for name in first.__dataclass_fields__},
            "other_causes": causes[1:],
        }

    def _causes(self, findings: list[Finding]) -> list[Cause]:
        per_epoch = len(self._rows.batches)
        return [
            Cause(
                cause=finding.cause or "unexplained",
                first_epoch=1
                + (finding.step // per_epoch if finding.epoch is None else finding.epoch),
                first_step=finding.step,
                stage=finding.stage,
                variable=finding.variable,
                evidence=finding.evidence,
                location=finding.place,
                fix=EXPLANATIONS[finding.cause or "unexplained"].fix,
                counterfactual={"before": finding.before, "after": finding.after},
            )
            for finding in findings
        ]


def inconclusive(reason: str) -> dict[str, Any]:
    """The fields of a result that gives no answer."""
    return {"verdict": "inconclusive", "evidence": [f"{reason[0].upper()}{reason[1:]}."]}
