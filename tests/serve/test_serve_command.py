"""``charloom serve`` as a process: it starts, answers, and ends as it should."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.asynchronous import run
from helpers.processes import shell, start, wait_until


@pytest.fixture
def server(served_runs: dict[str, Path]) -> Iterator[tuple[Any, str]]:
    process = start("serve", served_runs["names"], "--port", "0", text=True)
    try:
        line = process.stderr.readline()
        address = re.search(r"http://[\d.:]+", line)
        assert address, line + process.stderr.read()
        yield process, address[0]
    finally:
        process.kill()


def asked(address: str, body: dict[str, Any]) -> Any:
    request = urllib.request.Request(
        f"{address}/v1/names", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())


def read(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:
        found: bytes = answer.read()
        return found


def test_small_answers_are_sent_at_once() -> None:
    from charloom.cli.serving import listening_on

    async def accepted() -> int:
        done = asyncio.get_running_loop().create_future()

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            ours = writer.get_extra_info("socket")
            done.set_result(ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        with listening_on("127.0.0.1", 0) as listening:
            server = await asyncio.start_server(handle, sock=listening)
            with socket.create_connection(listening.getsockname()):
                found: int = await done
            server.close()
        return found

    assert run(accepted()) != 0


@pytest.mark.heavy
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_running_requests_are_finished_before_it_ends(
    server: tuple[Any, str], number: signal.Signals
) -> None:
    process, address = server
    assert len(asked(address, {"n": 3})["names"]) == 3
    found: list[Any] = []
    body = {"n": 1000, "allow_repeats": True, "allow_known": True, "explain": True}
    thread = threading.Thread(target=lambda: found.append(asked(address, body)))
    thread.start()
    wait_until(process, lambda: b"charloom_requests_present 1.0" in read(f"{address}/metrics"))
    process.send_signal(number)
    thread.join(60)
    assert len(found[0]["names"]) == 1000
    assert process.wait(30) in (0, -number, 128 + number)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--host", "0.0.0.0"], "needs a token"),
        (["--token-file", "nowhere"], "nowhere"),
        (["--port", "70000"], "65535"),
        (["--timeout", "0"], "0.1"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    served_runs: dict[str, Path], options: list[str], said: str
) -> None:
    result = shell("serve", served_runs["names"], *options)
    assert result.returncode in (1, 2)
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    result = shell("serve", tmp_path)
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1


def test_a_port_in_use_is_refused(server: tuple[Any, str], served_runs: dict[str, Path]) -> None:
    port = server[1].rpartition(":")[2]
    result = shell("serve", served_runs["names"], "--port", port)
    assert result.returncode == 1
    assert f"port {port}" in result.stderr
