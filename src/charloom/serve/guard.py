"""What stands before every request: host, origin, token, size, a request id and a line of log."""

from __future__ import annotations

import hmac
import ipaddress
import json
import logging
import time
import uuid
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .measures import Measures
from .settings import BODY_BYTES, ServeSettings

log = logging.getLogger("charloom.serve")

OPEN = ("/healthz", "/readyz")
"""Paths that need no token: what asks for them is no client."""

LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")


class TooLargeError(Exception):
    """The body is larger than a request's may be."""


class Guard:
    """Refuses what must not come in; everything else goes to ``app``."""

    def __init__(self, app: ASGIApp, settings: ServeSettings, measures: Measures) -> None:
        self._app, self._settings, self._measures = app, settings, measures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request; other kinds of connection are passed on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        number, began = uuid.uuid4().hex, time.monotonic()
        answered: dict[str, int] = {}

        async def sending(message: Message) -> None:
            if too_large and "status" not in answered:
                return  # the application's answer to half a body
            if message["type"] == "http.response.start":
                answered["status"] = message["status"]
                message = {
                    **message,
                    "headers": [
                        *message["headers"],
                        (b"x-request-id", number.encode()),
                        (b"x-content-type-options", b"nosniff"),
                    ],
                }
            await send(message)

        read, too_large, limit = 0, False, self.most_bytes(scope)

        async def receiving() -> Message:
            nonlocal read, too_large
            message = await receive()
            read += len(message.get("body", b""))
            if read > limit:
                too_large = True
                raise TooLargeError
            return message

        scope.setdefault("state", {})["request_id"] = number
        try:
            refusal = self._refusal(scope, headers)
            if refusal is not None:
                await self.refuse(sending, scope, *refusal)
            else:
                await self._app(scope, receiving, sending)
        except TooLargeError:
            pass
        finally:
            if too_large and "status" not in answered:
                too_large = False
                message = f"a request may have {limit:,} bytes at most. Send less."
                await _answer(sending, 413, message)
            seconds = time.monotonic() - began
            status = answered.get("status", 499)  # the client left before there was an answer
            self._measures.answered(scope, status, seconds)
            log.info(
                json.dumps(
                    {
                        "time": round(time.time(), 3),
                        "request": number,
                        "method": scope["method"],
                        "path": scope["path"][:200],
                        "status": status,
                        "ms": round(seconds * 1000, 1),
                        **scope["state"].get("log", {}),
                    }
                )
            )

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> tuple[int, str] | None:
        """Return status and message where a request must not come in."""
        host = headers.get("host", "")
        if not self._may_be_called(host):
            return 403, "this server is not called by that name. Use its address."
        origin = headers.get("origin")
        if origin is not None and origin not in self._settings.origins:
            found = urlsplit(origin)
            if found.netloc != host:
                return 403, "pages of that origin may not call this server. Name it by --origin."
        asks_only = scope["method"] == "OPTIONS" and origin in self._settings.origins
        if scope["path"] in OPEN or asks_only:
            return None
        return self.unknown(scope, headers)

    async def refuse(self, send: Send, scope: Scope, status: int, message: str) -> None:
        """Answer a request that must not come in."""
        await _answer(send, status, message)

    def most_bytes(self, scope: Scope) -> int:
        """Return how many bytes the body of a request may have."""
        return BODY_BYTES

    def unknown(self, scope: Scope, headers: dict[str, str]) -> tuple[int, str] | None:
        """Return status and message where a client does not say who it is."""
        if self._settings.token is None:
            return None
        kind, _, token = headers.get("authorization", "").partition(" ")
        right = hmac.compare_digest(token.encode(), self._settings.token.encode())
        if kind.lower() != "bearer" or not right:
            return 401, "a token is needed. Send it as Authorization: Bearer TOKEN."
        return None

    def _may_be_called(self, host: str) -> bool:
        """Return whether the Host header names this server, so that no other name, which may
        lead here by rebinding, gives a page of that name access."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in ("localhost", self._settings.host, *self._settings.hosts):
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or not self._settings.is_loopback


async def _answer(send: Send, status: int, message: str) -> None:
    kind = {401: "authentication_error", 403: "permission_error"}.get(status, "invalid_request")
    body = json.dumps(
        {"error": {"message": message, "type": kind, "param": None, "code": None}}
    ).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
