"""What tests share. It imports TensorFlow late: the process that hands tests out needs none."""

import functools
import gc
import json
import os
import shutil
import signal

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as the program does

import hypothesis
import pytest
from filelock import FileLock

pytest.register_assert_rewrite("helpers")
hypothesis.settings.register_profile("steady", deadline=None)
hypothesis.settings.load_profile("steady")

# A shell lets what it starts in the background ignore ^C, which tests send.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish():
    """Makes tests faster: what was imported is no garbage, and MNIST is decompressed once."""
    from vgg_keras.datasets import npz
    from vgg_keras.datasets.load import MNIST

    load = npz.load

    @functools.cache
    def load_mnist():
        arrays = load(MNIST)
        for array in arrays:
            array.flags.writeable = False
        return arrays

    npz.load = lambda path: load_mnist() if path == MNIST else load(path)
    gc.freeze()


@pytest.fixture(scope="session")
def mnist():
    from vgg_keras.datasets import load_dataset

    return load_dataset("mnist")


@pytest.fixture(scope="session")
def digits(mnist):
    """80 training and 13 test images: with batches of 16 or 32, the last ones are short."""
    return mnist.first(80)


@pytest.fixture(scope="session")
def trained(digits):
    """Default trainings, one a trainer."""
    from helpers import train_all

    return train_all(digits)


@pytest.fixture(scope="session")
def made_once(tmp_path_factory):
    """Fills a folder in the first process that asks for it; others wait, and get the same one."""
    root = tmp_path_factory.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root

    def made(name, make):
        home, mark = root / name, root / f"{name}.made"
        with FileLock(f"{home}.lock"):
            if not mark.exists():
                home.mkdir()
                make(home)
                mark.touch()
        return home

    return made


@pytest.fixture(scope="session")
def compared(made_once):
    """A comparison of two seeds, and its folder. It is shared: copy what is to be changed."""
    from comparisons import SMALL

    from vgg_keras import compare
    from vgg_keras.runs.reading import read_result

    def make(home):
        compare(**SMALL, seeds=2, self_check=True, logdir=home, name="a")

    home = made_once("compared", make) / "compare" / "a"
    return read_result(home), home


@pytest.fixture(scope="session")
def searched(made_once):
    """A search of four trials with `fit`, and its folder. It is shared like `compared`."""
    from searches import run

    from vgg_keras.runs.reading import read_result

    home = made_once("searched", lambda home: run(home, trainer="fit", trials=4)) / "search" / "a"
    return read_result(home), home


@pytest.fixture(scope="session")
def trained_home(made_once):
    """The folder of a training. It is shared like `compared`."""
    from comparisons import SMALL

    from vgg_keras import train

    home = made_once("trained", lambda home: train(**SMALL, logdir=home, name="a"))
    return home / "train" / "a"


@pytest.fixture(scope="session")
def of_two(made_once):
    """A comparison of tape and step by two processes, and the folder that it was made in."""
    from clusters import ended, start

    options = ["--variants", "tape,step", "--epochs", "3", "--local-workers", "2"]
    home = made_once("two", lambda home: ended(start(home, "compare", *options)))
    return json.loads((home / "logs" / "compare" / "a" / "result.json").read_text()), home


@pytest.fixture
def scripted(monkeypatch):
    """Scores that follow from the filter counts and the seed, without any training."""
    import keras

    from vgg_keras.training.training import Training

    def run(self, callbacks=(), verbose=0):
        model, seed = self.model, self.config.seed
        hooks = keras.callbacks.CallbackList(
            list(callbacks), add_history=True, model=model, epochs=1, steps=1
        )
        hooks.on_train_begin()
        hooks.on_epoch_begin(0)
        score = (sum(block[0] for block in model.filters) + seed % 97 / 97) / 100
        logs = {"loss": 1.0, "accuracy": 0.5, "val_loss": 1 - score, "val_accuracy": score}
        hooks.on_epoch_end(0, logs)
        hooks.on_train_end()
        return model.history

    monkeypatch.setattr(Training, "run", run)


@pytest.fixture(scope="module")
def browser():
    screenshots = pytest.importorskip("screenshots", reason="no selenium", exc_type=ImportError)
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        pytest.skip("no chromium and chromedriver")
    with screenshots.chromium() as browser:
        yield browser
