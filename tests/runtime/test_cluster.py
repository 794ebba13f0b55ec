"""Bad descriptions of a cluster are refused in a line, and processes meet or say why not."""

import json
import os
import socket
import threading
import time

import pytest
from helpers import tiny_vgg
from programs import refused

from vgg_keras.errors import InconclusiveError, InputError
from vgg_keras.runtime.cluster import Cluster, description
from vgg_keras.runtime.peers import Peers
from vgg_keras.training.digests import Digests

TWO = ["10.0.0.1:5000", "10.0.0.2:5000"]
FIRST = {"type": "worker", "index": 0}


def config(cluster, task=FIRST):
    return json.dumps({"cluster": cluster, "task": task})


def workers(*addresses):
    return config({"worker": list(addresses)})


@pytest.mark.parametrize(
    ("text", "received"),
    [
        (None, "received none"),
        ("", "received none"),
        ('{"cluster": ', "expected JSON"),
        ("[" * 100_000, "expected JSON"),
        ("[]", "an object"),
        (json.dumps({"task": FIRST}), "TF_CONFIG: cluster: expected an object"),
        (config(TWO), "TF_CONFIG: cluster: expected an object"),
        (config({}), "expected of chief and worker"),
        (config({"worker": TWO, "ps": ["10.0.0.3:5000"]}), "expected of chief and worker"),
        (config({"worker": "10.0.0.1:5000"}), "expected a list of HOST:PORT"),
        (config({"worker": [5000, 5001]}), "expected a list of HOST:PORT"),
        (workers("10.0.0.1", "10.0.0.2:5000"), "HOST:PORT, such as 127.0.0.1:5000, received 10.0"),
        (workers("10.0.0.1:70000", "10.0.0.2:5000"), "received 10.0.0.1:70000"),
        (workers("10.0.0.1:5000", "10.0.0.1:5000"), "10.0.0.1:5000 more than once"),
        (workers("10.0.0.1:5000"), "two workers or more"),
        (config({"chief": TWO, "worker": ["10.0.0.3:5000"]}), "one chief at most"),
        (json.dumps({"cluster": {"worker": TWO}}), "TF_CONFIG: task: expected an object"),
        (config({"worker": TWO}, {"index": 0}), "expected one of worker 0, worker 1"),
        (config({"worker": TWO}, {"type": "worker"}), "expected one of worker 0, worker 1"),
        (config({"worker": TWO}, {"type": "evaluator", "index": 0}), "expected one of worker 0"),
        (config({"worker": TWO}, {"type": "worker", "index": 2}), "expected one of worker 0"),
        (config({"worker": TWO}, {"type": "worker", "index": -1}), "expected one of worker 0"),
        (config({"worker": TWO}, {"type": "worker", "index": True}), "expected one of worker 0"),
        (
            '{"cluster": {"worker": ["a:1", "b:2"]}, "task": {"type": "worker", "index": 0, '
            '"index": 1}}',
            "a name twice among type, index, index",
        ),
    ],
)
def test_a_description_that_cannot_be_used_is_refused_in_a_line(
    tmp_path, monkeypatch, capsys, text, received
):
    if text is None:
        monkeypatch.delenv("TF_CONFIG", raising=False)
    else:
        monkeypatch.setenv("TF_CONFIG", text)
    line = refused(capsys, "train", "--strategy", "multiworker", "--logdir", tmp_path / "logs")
    assert line.startswith("vgg-keras: TF_CONFIG")
    assert received in line
    assert not (tmp_path / "logs").exists()


def test_descriptions_are_read_as_tensorflow_reads_them():
    second = Cluster.parse(config({"worker": TWO}, {"type": "worker", "index": "1"}))
    assert second.index == 1
    assert second.name(1) == "worker 1 at 10.0.0.2:5000"
    with_chief = {"worker": TWO, "chief": ["10.0.0.3:5000"]}
    chief = Cluster.parse(config(with_chief, {"type": "chief", "index": 0}))
    assert chief.index == 0
    assert chief.name(0) == "chief 0 at 10.0.0.3:5000"
    last = Cluster.parse(config(with_chief, {"type": "worker", "index": 1}))
    assert last.index == 2
    assert last.name(2) == "worker 1 at 10.0.0.2:5000"


def free_addresses(count):
    servers = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    addresses = [f"127.0.0.1:{server.getsockname()[1]}" for server in servers]
    for server in servers:
        server.close()
    return addresses


def meet(descriptions, seconds=10.0):
    """What becomes of processes that are started with descriptions: each Peers, or its error."""
    found = [None] * len(descriptions)

    def start(place, text):
        try:
            found[place] = Peers(Cluster.parse(text), seconds)
        except InputError as error:
            found[place] = error.for_command_line

    threads = [
        threading.Thread(target=start, args=(place, text))
        for place, text in enumerate(descriptions)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def together(peers, parts):
    answers = [None] * len(peers)

    def exchange(place):
        answers[place] = peers[place].exchange(parts[place])

    threads = [threading.Thread(target=exchange, args=(place,)) for place in range(len(peers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_processes_tell_each_other_what_they_have_in_their_order():
    addresses = free_addresses(3)
    peers = meet([description(addresses, index) for index in (2, 0, 1)])
    for parts in ([b"c", b"", b"a" * 1_000_000], [b"1", b"2", b"3"]):
        assert together(peers, parts) == [[parts[1], parts[2], parts[0]]] * 3


def reached(address):
    while True:
        try:
            return socket.create_connection(address, 1)
        except ConnectionRefusedError:
            time.sleep(0.01)


def test_what_is_no_worker_and_calls_the_chief_does_not_disturb():
    addresses = free_addresses(2)
    host, port = addresses[0].split(":")
    found = []
    chief = threading.Thread(
        target=lambda: found.extend(meet([description(addresses, 0)], seconds=20))
    )
    chief.start()
    for content in (b"", b"GET / HTTP/1.1\r\n\r\n", b"\0\0\0\x02[]"):
        with reached((host, int(port))) as connection:
            connection.sendall(content)
    (worker,) = meet([description(addresses, 1)])
    chief.join()
    assert together([*found, worker], [b"0", b"1"]) == [[b"0", b"1"]] * 2


def test_a_worker_that_does_not_come_is_named():
    addresses = free_addresses(3)
    chief, worker = meet([description(addresses, index) for index in (0, 1)], seconds=1)
    assert chief == worker
    assert f"expected worker 2 at {addresses[2]} to answer within 1 s, received nothing" in chief


def test_a_chief_that_does_not_come_is_named():
    addresses = free_addresses(2)
    (worker,) = meet([description(addresses, 1)], seconds=1)
    assert f"expected worker 0 at {addresses[0]} to answer within 1 s" in worker


def test_a_port_in_use_is_named():
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        for index, addresses in enumerate(([address, "127.0.0.1:1"], ["127.0.0.1:1", address])):
            (line,) = meet([description(addresses, index)])
            assert f"expected a port that is free, received {address}" in line


def test_descriptions_that_differ_are_refused_by_all():
    one, two, three = free_addresses(3)
    chief, worker = meet([description([one, two], 0), description([one, three], 1)])
    assert chief == worker
    assert f"expected the cluster {one}, {two} in all processes, received {one}, {three}" in chief


def test_two_processes_of_one_index_are_refused_by_all():
    one, two, three = free_addresses(3)
    # on one machine the port is in use; on two machines the address is, by mistake, that of both
    found = meet([description([one, two, three], index) for index in (0, 1, 1)], seconds=3)
    assert any("expected a port that is free" in line for line in found)
    assert "expected worker 2" in found[0]


def test_the_first_process_that_has_ended_is_named_to_all():
    addresses = free_addresses(3)
    peers = meet([description(addresses, index) for index in range(3)])
    with socket.socket(fileno=os.dup(peers[1]._connections[0].fileno())) as connection:
        connection.shutdown(socket.SHUT_RDWR)  # as the system does when a process ends
    for place in (0, 2):
        assert f"worker 1 at {addresses[1]} has ended" in str(peers[place].loss())
    with pytest.raises(InconclusiveError, match="a worker has ended"):
        peers[0].exchange(b"")


def test_a_machine_that_only_tensorflow_misses_is_named():
    addresses = free_addresses(2)
    chief, _ = meet([description(addresses, index) for index in range(2)])
    message = (
        "Collective ops is aborted by: /job:worker/replica:0/task:1 stopped sending heartbeats"
    )
    assert f"worker 1 at {addresses[1]} has ended" in str(chief.loss(message))


def test_a_worker_whose_weights_have_drifted_is_named_to_all(monkeypatch):
    addresses = free_addresses(3)
    peers = meet([description(addresses, index) for index in range(3)])
    models = [tiny_vgg() for _ in peers]
    for model in models:
        model.compile("adam", "sparse_categorical_crossentropy")
    bias = models[2].trainable_variables[-1]
    bias.assign(bias + 1e-7)
    found = {}

    def end_epoch(place):
        callback = Digests()
        callback.set_model(models[place])
        with pytest.raises(InconclusiveError) as error:
            callback.on_epoch_end(4)
        found[place] = str(error.value)

    def exchange(part):
        return peers[threads.index(threading.current_thread())].exchange(part)

    monkeypatch.setattr("vgg_keras.training.digests.exchange", exchange)
    monkeypatch.setattr("vgg_keras.training.digests.peer_name", "worker {}".format)
    threads = [threading.Thread(target=end_epoch, args=(place,)) for place in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found) == {0, 1, 2}
    for line in found.values():
        assert line.startswith("worker 2 has other weights than most workers after epoch 5;")
