"""Two trainings at once would share their seeds: there is one at a time in a process."""

import threading

import keras
import pytest
from trainings import run, undisturbed

import vgg_keras
from vgg_keras.errors import InputError
from vgg_keras.runs.reading import read_result

pytestmark = pytest.mark.slow


class InEpoch(keras.callbacks.Callback):
    """Does something at the end of the first epoch."""

    def __init__(self, action):
        super().__init__()
        self.action = action

    def on_epoch_end(self, epoch, logs=None):
        self.action()


SECOND = {
    "train": lambda logs: vgg_keras.train(limit=80, logdir=logs),
    "compare": lambda logs: vgg_keras.compare(limit=80, logdir=logs),
    "search": lambda logs: vgg_keras.search(limit=80, logdir=logs),
    "benchmark": lambda logs: vgg_keras.benchmark(logdir=logs),
    "rerun": lambda logs: vgg_keras.rerun(logs / "search" / "a", "0"),
}


def test_a_second_training_at_the_same_time_is_refused_and_writes_nothing(tmp_path):
    refused, other = [], tmp_path / "other"

    def start_others():
        for start in SECOND.values():
            with pytest.raises(InputError, match="training: expected one run at a time") as error:
                start(other)
            refused.append(error)

    def start_others_in_a_thread():
        thread = threading.Thread(target=start_others)
        thread.start()
        thread.join()

    for name, start in (("a", start_others), ("b", start_others_in_a_thread)):
        run(tmp_path, name, epochs=1, callbacks=[InEpoch(start)])
    assert len(refused) == 2 * len(SECOND)
    assert not other.exists()
    bits = [read_result(tmp_path / "train" / name).runs[0].digests for name in ("a", "b")]
    assert bits[0] == bits[1] == undisturbed()[0][0][:1]


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_after_a_training_that_failed_the_next_one_works(tmp_path, error):
    def fail():
        raise error("planted")

    with pytest.raises(error):
        run(tmp_path, "a", epochs=1, callbacks=[InEpoch(fail)])
    assert run(tmp_path, "b", epochs=1).verdict == "finished"


def test_a_model_can_be_evaluated_during_a_training(tmp_path):
    run(tmp_path, "a", epochs=1)
    measured = []

    def measure():
        measured.append(vgg_keras.evaluate(tmp_path / "train" / "a"))

    result = run(tmp_path, "b", epochs=2, callbacks=[InEpoch(measure)])
    assert len(measured) == 2
    assert result.runs[0].digests == undisturbed()[0][0][:2]
