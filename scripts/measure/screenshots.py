"""Takes the README's pictures of TensorBoard and of a report, in a real browser.

Usage: `python scripts/measure/screenshots.py logs/compare/NAME scripts/pictures`. Needs chromium
with its driver, and the extra `test`.
"""

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.support.ui import WebDriverWait

FLAGS = (
    *("headless=new", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run"),
    *("disable-background-networking", "disable-component-update", "disable-sync"),
    "disable-dev-shm-usage",
)

ALL_TEXTS = """
const found = [], walk = root => root.querySelectorAll("*").forEach(element => {
  if (element.matches(arguments[0])) found.push(element.textContent.trim());
  if (element.shadowRoot) walk(element.shadowRoot);
});
walk(document);
return found;
"""


@contextmanager
def chromium() -> Iterator[webdriver.Chrome]:
    """Starts a browser with a profile of its own, which keeps what it logs and sends."""
    options = webdriver.ChromeOptions()
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for flag in (*FLAGS, f"user-data-dir={profile}"):
            options.add_argument(f"--{flag}")
        browser = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
        try:
            yield browser
        finally:
            browser.quit()


@contextmanager
def tensorboard(logdir: Path) -> Iterator[str]:
    """Starts TensorBoard on this machine alone.

    Yields:
        Its address.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(logdir)]
    process = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", port, "--reload_interval", "2"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def visit(browser: webdriver.Chrome, url: str, selector: str, expected: Sequence[str]) -> None:
    """Opens a page of TensorBoard and waits until it shows what is expected.

    Args:
        browser: Browser to open it in.
        url: Address of the page.
        selector: CSS selector of the elements to look at, those in shadow roots too.
        expected: Texts that must be in them.

    Raises:
        TimeoutException: If they do not come within a minute.
    """

    def open_again(driver: Any) -> bool:
        driver.get("about:blank")
        driver.get(url)
        return "TensorBoard" in driver.title

    def shows(driver: Any) -> bool:
        texts = " ".join(driver.execute_script(ALL_TEXTS, selector))
        return all(text in texts for text in expected)

    WebDriverWait(browser, 60, ignored_exceptions=[Exception]).until(open_again)
    WebDriverWait(browser, 60).until(shows, f"{url} does not show {expected}")


def take_pictures(browser: webdriver.Chrome, address: str, runs: Sequence[str], to: Path) -> None:
    """Takes pictures of TensorBoard's pages, each when it shows all runs.

    Args:
        browser: Browser to look with.
        address: Address of TensorBoard.
        runs: Their folders in TensorBoard's log folder, such as `compare/NAME/tape/seed-0`.
        to: Folder that gets `timeseries.png`, `graphs.png` and `hparams.png`.
    """
    curves = "scalar-card tb-data-table-content-row, scalar-card tb-data-table-content-row *"
    training = [f"{run}/train" for run in runs]
    pages = {
        "?tagFilter=epoch_loss%7Cepoch_accuracy&smoothing=0#timeseries": (curves, training),
        "#graphs": ("g.node", ["images", "vgg"]),
        "#hparams": ("vaadin-grid-cell-content", [*runs, "dataset", "result/test_accuracy"]),
    }
    browser.set_window_size(1400, 900)
    for page, (selector, expected) in pages.items():
        visit(browser, f"{address}/{page}", selector, expected)
        time.sleep(2)  # curves are drawn after their rows
        browser.save_screenshot(str(to / f"{page.rpartition('#')[2]}.png"))


def main() -> None:
    """Takes the pictures of a comparison."""
    run, pictures = Path(sys.argv[1]), Path(sys.argv[2])
    homes = [f"compare/{run.name}/{home.parent.name}/seed-0" for home in run.glob("*/seed-0")]
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        logs = Path(folder, "compare")
        logs.mkdir()
        (logs / run.name).symlink_to(run.resolve())
        with tensorboard(Path(folder)) as address:
            take_pictures(browser, address, homes, pictures)
        browser.get((run / "report.html").resolve().as_uri())
        browser.save_screenshot(str(pictures / "report.png"))


if __name__ == "__main__":
    main()
