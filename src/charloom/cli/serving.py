"""How ``serve`` and ``studio`` listen, run and log."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import uvicorn

    from ..serve.settings import ServeSettings


@contextmanager
def listening_on(host: str, port: int) -> Iterator[socket.socket]:
    """Yield a socket that listens.

    Raises:
        click.ClickException: the port is in use, or not ours to use.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named, the protocol makes asyncio send at once (TCP_NODELAY) what would wait for 40 ms.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, port))
            listening.listen(2048)
        except OSError as error:
            raise click.ClickException(
                f"cannot listen on {host} port {port}: {error.strerror}. Choose another --port."
            ) from error
        yield listening


def server_of(app: Any, settings: ServeSettings) -> uvicorn.Server:
    """Return a server of an application, which is not running yet."""
    import uvicorn

    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=int(settings.timeout) + 1,
        )
    )


def run_server(server: uvicorn.Server, listening: socket.socket) -> None:
    """Serve until interrupted."""
    asyncio.run(server.serve(sockets=[listening]))


def write_log(quiet: bool) -> None:
    """Write one line for each request to stderr, unless ``quiet``."""
    log = logging.getLogger("charloom.serve")
    log.handlers.clear()
    log.propagate = False
    if not quiet:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(message)s"))
        log.addHandler(handler)
        log.setLevel(logging.INFO)
