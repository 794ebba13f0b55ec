"""Workers of this machine for the search of another one."""

from __future__ import annotations

import time

from vgg_keras.config import SearchConfig
from vgg_keras.errors import require
from vgg_keras.runs.directory import find_run_directory
from vgg_keras.runs.reading import read_result
from vgg_keras.runtime.cluster import Address
from vgg_keras.runtime.settings import standard_settings
from vgg_keras.training.parts import gather
from vgg_keras.tuning.chief import check_chief
from vgg_keras.tuning.data import split_data
from vgg_keras.tuning.display import Display
from vgg_keras.tuning.identity import read_identity
from vgg_keras.tuning.search import MAY_DIFFER
from vgg_keras.tuning.workers import WATCH_SECONDS, Workers, count_workers


@standard_settings()
def join(config: SearchConfig, chief: str, verbose: int = 0) -> None:
    """Gives workers of this machine to the search of a chief on another one.

    Args:
        config: Configuration of that search, from the `config.json` in its directory, which both
            machines see; `workers` may differ.
        chief: `HOST:PORT` of its chief.
        verbose: 0 none, 1 a live line a worker.

    Raises:
        InputError: If there is no such search or chief, or it is the chief of another search;
            nothing was written then.
        InconclusiveError: If the chief gives no answer any more.
    """
    address = Address.parse(chief, "--join")
    config, parts = gather(config, [config.trainer])
    directory = find_run_directory(config, "search", MAY_DIFFER, "--join")
    expected = read_result(directory).data
    same = split_data(config, parts.data).facts == expected
    require(same, "--dataset", f"the data of the chief: {expected}", "other data")
    check_chief(address, read_identity(directory))
    count = max(1, count_workers(config, verbose))
    workers = Workers(count, config, directory, *address)
    with Display(directory, config, verbose).live(), workers.alive():
        while workers.running:
            time.sleep(WATCH_SECONDS)
            workers.watch()
