"""What a loop does to its gradients between the tape and the optimizer."""

from __future__ import annotations

import itertools
from collections.abc import Generator, Sequence

import numpy as np
import tensorflow as tf

from vgg_keras.diagnosis.findings import Finding, Gradients, Variables, ratio_of
from vgg_keras.diagnosis.observer import Step
from vgg_keras.diagnosis.reference import Reference, close
from vgg_keras.runtime import compat


class Rescaling:
    """Compares the gradients that the optimizer gets with those that the tape gave.

    Args:
        reference: Model that is trained as `fit` does.
        variables: Its variables.
        steps: All steps of the loop.
        floor: Relative rounding error that is no difference.
    """

    def __init__(
        self, reference: Reference, variables: Variables, steps: Sequence[Step], floor: float
    ):
        self._reference, self._variables, self._floor = reference, variables, floor
        self._previous = {id(step): earlier for earlier, step in itertools.pairwise(steps)}
        ratios = map(self._ratio_of, steps)
        self._ratios = [ratio for ratio in ratios if ratio is not None]

    def judge(
        self, number: int, step: Step, taken: Gradients, applied: Gradients
    ) -> Generator[Finding, None, float]:
        """Looks for what makes the gradients of a step others before its update.

        Args:
            number: Number of the step.
            step: The step.
            taken: Gradient of each trainable variable as the tape gave it.
            applied: Likewise, as the optimizer got it.

        Returns:
            What the gradients of every step are multiplied by; 1 if they are not.
        """
        ratios = []
        for raw, given in zip(taken, applied, strict=True):
            if raw is None or given is None or close(raw, given, self._floor):
                continue
            ratio = ratio_of([raw], [given])
            scaled = close(raw * ratio, given, 10 * self._floor)
            clipped = close(np.clip(raw, given.min(), given.max()), given, self._floor)
            ratios.append(ratio if scaled else 0.0 if clipped else np.nan)
        if not ratios or self._clipped_as_in_fit(taken, applied):
            return 1.0
        factor, cause = 1.0, None
        evidence = ["Gradients are changed before the update."]
        if len(self._ratios) > 1 and close(self._ratios[0], self._ratios[1], 1e-4):
            factor, cause = ratios[0], "gradient-scale"
            evidence = [f"Gradients are multiplied by {factor:.6g} before the update."]
        elif all(ratio <= 1 for ratio in ratios):
            cause = "gradient-clipping"
            evidence = [f"Gradients are made smaller before the update, to {min(ratios):.3g}."]
        elif self._added_to_previous(step, taken, applied):
            cause = "gradient-accumulation"
            evidence = ["The gradients of the update before are still in those of this one."]
        yield Finding(cause, "gradients", number, None, evidence, step.place)
        return factor

    def _clipped_as_in_fit(self, taken: Gradients, applied: Gradients) -> bool:
        """Whether the loop clips gradients as `fit`'s optimizer would have done."""
        pairs = [
            (tf.convert_to_tensor(raw), given)
            for raw, given in zip(taken, applied, strict=True)
            if raw is not None and given is not None
        ]
        clipped = compat.clipped(self._reference.model.optimizer, [raw for raw, _ in pairs])
        both = zip(clipped, (given for _, given in pairs), strict=True)
        return all(close(ours, theirs, 10 * self._floor) for ours, theirs in both)

    def _added_to_previous(self, step: Step, taken: Gradients, applied: Gradients) -> bool:
        """Whether gradients are added to those of the update before."""
        if (earlier := self._previous.get(id(step))) is None:
            return False
        previous = self._variables.of(earlier, earlier.applied)
        parts = [
            (raw + before, given)
            for raw, given, before in zip(taken, applied, previous, strict=True)
            if raw is not None and given is not None and before is not None
        ]
        return bool(parts) and all(close(ours, given, 10 * self._floor) for ours, given in parts)

    def _ratio_of(self, step: Step) -> float | None:
        """What all gradients of a step were multiplied by before its update; None if by several."""
        pairs = [
            (step.gradients[key], step.applied[key])
            for key in step.applied
            if key in step.gradients
        ]
        if not pairs or len(step.calls) != 1:
            return None
        ratio = ratio_of(*zip(*pairs, strict=True))
        same = all(close(raw * ratio, given, 10 * self._floor) for raw, given in pairs)
        return ratio if same and not close(ratio, 1.0, self._floor) else None
