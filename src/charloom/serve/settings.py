"""How a server is set up, and what a request may ask for at most."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from ..errors import ConfigError

MOST_NAMES = 10_000
"""Names in one request."""

MOST_CHARACTERS = 100_000
"""Characters of text in one request."""

MOST_LENGTH = 1_000
"""Length of a name, of a constraint or of a pattern, in characters."""

MOST_TEXTS = 10_000
"""Strings in a list that a request brings."""

MOST_TEXT = 100_000
"""Characters of a prompt or of a string to score."""

BODY_BYTES = 4_000_000
"""Bytes of a request's body."""

WORKERS = 64
"""Requests that are answered at the same time."""

TOKEN = "CHARLOOM_TOKEN"
"""The environment variable that may hold the token."""


@dataclass(frozen=True)
class ServeSettings:
    """How a server is set up.

    Attributes:
        host: the address to listen on.
        port: the port; 0 for any that is free.
        token: what clients must present; ``None`` only on a loopback address.
        queue: requests that may wait while ``WORKERS`` others are answered.
        timeout: seconds after which a request is answered with what was found.
        origins: web origins, such as ``https://example.org``, whose pages may call.
        hosts: names that clients may call the server by, beside its address.
        together: whether searches walk together; without, each has a thread of its own.

    Raises:
        ConfigError: another than a loopback address is to be used without a token.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = None
    queue: int = 256
    timeout: float = 30.0
    origins: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    together: bool = True

    def __post_init__(self) -> None:
        if self.token is None and not self.is_loopback:
            raise ConfigError(
                f"an address that others can reach needs a token. Received: {self.host}; pass "
                f"--token-file FILE, set {TOKEN}, or leave out --host."
            )
        if self.token is not None and (len(self.token) < 16 or not self.token.isascii()):
            raise ConfigError(
                "a token must have at least 16 characters, all of them ASCII. Received: "
                f"{len(self.token)} characters"
            )

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the address."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False
