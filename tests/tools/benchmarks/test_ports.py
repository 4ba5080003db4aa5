from tools.benchmarks import ports
from tools.benchmarks.common.strangers import CLIENTS, Attempt
from tools.engine.cluster import LOOPBACK


def watch(case: str, elsewhere: bool, taken: tuple[str, ...]) -> ports.Watch:
    attempts = [Attempt(stranger=name, taken=name in taken, said="said") for name in (*CLIENTS, "browser")]
    address = "0.0.0.0" if elsewhere else "loopback"
    found = ports.Watch(case, LOOPBACK)
    found.processes = {1, 2}
    found.sockets[1, address, 1] = ports.Socket(
        case=case, process="head", address=address, elsewhere=elsewhere, attempts=attempts
    )
    return found


def test_all_refused_is_no_escape():
    report = ports.reported([watch(ports.LOCAL, False, ()), watch(ports.OPEN, False, ("no TLS",))])
    assert (report.attempts, report.refused, report.taken_without_keys, report.escapes) == (8, 7, 1, [])
    assert report.processes == {ports.LOCAL: 2, ports.OPEN: 2}


def test_a_socket_elsewhere_and_a_stranger_that_is_taken_are_escapes():
    report = ports.reported([watch(ports.LOCAL, True, ("browser",))])
    assert report.escapes == [
        "make paper: head listens at 0.0.0.0",
        "make paper: head took browser (said)",
    ]
    assert report.taken_without_keys == 0
