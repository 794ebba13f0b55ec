"""Results show themselves in notebooks."""

import base64
import re

import pytest
from jupyter_client.manager import start_new_kernel

from vgg_keras.runs.record import from_json

CONTROL_CHARACTERS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")


def pictures_of(html):
    addresses = re.findall(r'<img src="data:image/svg\+xml;base64,([^"]+)"', html)
    return [base64.b64decode(address).decode() for address in addresses]


def test_a_comparison_shows_verdict_curves_figures_and_where_its_report_is(compared):
    result, folder = compared
    html = result._repr_html_()
    assert html.startswith("<p><strong>tape and fit are identical to the last bit after each of ")
    assert len(pictures_of(html)) == 5
    assert all(picture.startswith("<svg") for picture in pictures_of(html))
    assert result.runs[0].digests[0][:8] in html
    assert re.search(r'<a href="([^"]+)"', html).group(1).endswith(f"{folder.name}/report.html")


def test_it_needs_no_style_and_no_script_which_notebooks_remove(compared, searched):
    for html in (compared[0]._repr_html_(), searched[0]._repr_html_()):
        assert not re.search(r"<(script|style|svg)\b", html)


def test_a_search_shows_the_best_design_and_all_trials(searched):
    html = searched[0]._repr_html_()
    assert "The best of 4 trials has filters_1 " in html
    assert len(pictures_of(html)) >= 2
    assert html.count("<tr>") >= 5


def test_where_two_trainings_diverge_is_shown(compared):
    document = compared[0].to_dict()
    difference = {"epoch": 1, "step": 3, "stage": "weights", "variable": "<b>"}
    difference |= {"max_abs": 1e-7, "max_ulp": 1.0}
    document["parity"] = {**document["parity"], "verdict": "diverges"}
    document["parity"]["first_difference"] = difference
    document["equivalence"] = None
    for run in document["runs"]:
        run["digests"] = [f"{run['trainer']} {digest}" for digest in run["digests"]]
    html = from_json(type(compared[0]), document)._repr_html_()
    assert "tape and fit diverge in epoch 1, step 3" in html


def test_on_a_terminal_a_result_is_one_short_line(compared, searched):
    for result in (compared[0], searched[0]):
        assert len(repr(result).replace(str(result.path), "PATH").splitlines()) == 1
        assert len(repr(result).replace(str(result.path), "PATH")) < 60


class Kernel:
    """A real kernel, in a folder of its own."""

    def __init__(self, folder):
        self.manager, self.client = start_new_kernel(cwd=str(folder), startup_timeout=120)

    def run(self, code, interrupt_at=None):
        """Runs a cell; interrupts it once it prints something; returns reply and outputs."""
        outputs, waiting = [], interrupt_at

        def collect(message):
            nonlocal waiting
            outputs.append((message["msg_type"], message["content"]))
            if waiting and waiting in message["content"].get("text", ""):
                waiting = None
                self.manager.interrupt_kernel()

        options = {"output_hook": collect, "stop_on_error": False, "timeout": 120}
        reply = self.client.execute_interactive(code, **options)
        return reply["content"], outputs


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    kernel = Kernel(tmp_path_factory.mktemp("kernel"))
    yield kernel
    kernel.client.stop_channels()
    kernel.manager.shutdown_kernel()


def text_of(outputs):
    return "".join(content["text"] for kind, content in outputs if kind == "stream")


@pytest.mark.slow
def test_a_training_shows_a_bar_and_a_line_an_epoch_without_control_characters(kernel):
    code = "import vgg_keras; vgg_keras.train(limit=200, epochs=2, name='bar')"
    reply, outputs = kernel.run(code)
    assert reply["status"] == "ok", reply
    bars = [content for kind, content in outputs if kind == "display_data"]
    assert len(bars) == 1
    assert "<progress" in bars[0]["data"]["text/html"]
    last = [content for kind, content in outputs if kind == "update_display_data"][-1]
    assert last["data"]["text/plain"].endswith("14/14")
    assert not CONTROL_CHARACTERS.search(text_of(outputs))
    assert len(text_of(outputs).splitlines()) < 10
    (shown,) = [content for kind, content in outputs if kind == "execute_result"]
    assert "of the test images are classified correctly" in shown["data"]["text/html"]


@pytest.mark.slow
def test_what_is_refused_is_refused_in_one_line_that_says_what_to_do(kernel):
    code = "import vgg_keras; vgg_keras.search(model=lambda hp: None, workers=2)"
    reply, _ = kernel.run(code)
    assert reply["traceback"] == [
        "InputError: workers: expected 1 with functions and data of this process, or their names, "
        "as in model='my.py:make', received 2"
    ]


@pytest.mark.slow
def test_an_interrupted_cell_leaves_a_run_to_go_on_with_and_a_usable_kernel(kernel):
    start = "import vgg_keras; vgg_keras.train(limit=400, epochs=2, name='a'%s)"
    reply, outputs = kernel.run(start % "", interrupt_at="Epoch 1/2")
    assert reply["ename"] == "KeyboardInterrupt"
    assert "Go on with: " in text_of(outputs)
    status = "import json; print(json.load(open('logs/train/a/result.json'))['status'])"
    assert text_of(kernel.run(status)[1]) == "interrupted\n"
    reply, _ = kernel.run(start % ", resume=True")
    assert reply["status"] == "ok", reply
    assert text_of(kernel.run(status)[1]) == "finished\n"
