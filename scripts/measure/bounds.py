"""What calibrations have in common: checks on MNIST, all of which must hold."""

from collections.abc import Callable, Sequence

from vgg_keras.datasets import Arrays, load_dataset


def all_hold(checks: Sequence[Callable[[Arrays], bool]]) -> int:
    """Makes checks, each of which prints what it finds, and prints whether all hold.

    Returns:
        1 if a bound is broken, else 0.
    """
    mnist = load_dataset("mnist")
    kept = [check(mnist) for check in checks]
    print("\nAll bounds hold." if all(kept) else "A bound is broken.")
    return int(not all(kept))
