"""The emulator serves this machine and nobody else."""

from __future__ import annotations

import socket

import pytest

from local.emulator import Emulator


def answers(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex((host, port)) == 0


@pytest.mark.parametrize("listener", ["port", "mqtt_port"])
def test_only_the_loopback_address_answers(emulator: Emulator, listener: str) -> None:
    """127.0.0.2 is another address of this machine: who listens everywhere answers there."""
    port = getattr(emulator, listener)
    assert answers("127.0.0.1", port)
    assert not answers("127.0.0.2", port)
