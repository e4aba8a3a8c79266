"""Who may use the studio: a browser that opened an address with a one-time token."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import Message, Scope, Send

from ...storage.disk import read
from ..guard import Guard
from .page import SCREENS, is_wanted
from .place import Place

COOKIE = "charloom_studio"
"""Cookies know no ports; the studio's folder is part of the name, so that two studios get along."""

SECONDS = 30 * 24 * 3600
"""How long a browser stays known."""

UPLOAD_BYTES = 200_000_000
"""Bytes of a file that is brought."""

UPLOADS = "/studio/lists"

CLOSED = (
    "this browser is not known yet. Open the address that charloom studio printed in the terminal."
)


class Sessions:
    """One-time tokens and the cookies that they are exchanged for.

    The key that signs cookies is kept in the studio's folder, so that a page that is open stays
    known when the studio is started again.
    """

    def __init__(self, place: Place, invite: Callable[[str], None] = lambda token: None) -> None:
        """``invite`` is called with a token whenever there is a new one."""
        self.cookie = f"{COOKIE}_{hashlib.sha256(str(place.folder).encode()).hexdigest()[:8]}"
        self._key, self._invite = _key(place), invite
        self._token = secrets.token_urlsafe(24)

    @property
    def token(self) -> str:
        """The token that the next browser must bring."""
        return self._token

    def enter(self, request: Request) -> Response:
        """Exchange the token in an address for a cookie; each is good for one browser."""
        given = request.query_params.get("token", "")
        if not hmac.compare_digest(given.encode(), self._token.encode()):
            return PlainTextResponse(
                "This address was used before, and each is good for one browser. Open the latest "
                "that charloom studio printed in the terminal.\n",
                401,
            )
        self._token = secrets.token_urlsafe(24)
        self._invite(self._token)
        answer = RedirectResponse("/", 303)
        answer.set_cookie(
            self.cookie, self._signed(), max_age=SECONDS, httponly=True, samesite="lax"
        )
        return answer

    def knows(self, headers: dict[str, str]) -> bool:
        """Return whether a request comes with a cookie that is ours and not too old."""
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(self.cookie)
        except CookieError:
            return False
        if cookie is None:
            return False
        born, _, signature = cookie.value.partition(".")
        if not hmac.compare_digest(signature.encode(), self._sign(born).encode()):
            return False
        return time.time() - int(born) < SECONDS

    def _signed(self) -> str:
        born = str(int(time.time()))
        return f"{born}.{self._sign(born)}"

    def _sign(self, born: str) -> str:
        return hmac.new(self._key, born.encode(), "sha256").hexdigest()


def _key(place: Place) -> bytes:
    """Return the key of the folder's cookies, made where there is none."""
    from ...storage import write_file

    path = place.state / "session.key"
    found = read(path, 100)
    if found is None or len(found) != 64:
        found = secrets.token_hex(32).encode()
        write_file(place.state, path.name, found, own=True)
        path.chmod(0o600)
    return found


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


def guard_of(sessions: Sessions) -> type[Guard]:
    """Return a guard that lets in whom the sessions know."""

    class StudioGuard(Guard):
        """Lets in known browsers."""

        def most_bytes(self, scope: Scope) -> int:
            """Files may be larger than requests."""
            uploads = scope["path"] == UPLOADS and scope["method"] == "POST"
            return UPLOAD_BYTES if uploads else super().most_bytes(scope)

        async def refuse(self, send: Send, scope: Scope, status: int, message: str) -> None:
            """Tell a person in plain text, and a program in JSON."""
            accept = Headers(scope=scope).get("accept", "")
            if scope["path"] not in SCREENS and not is_wanted(scope["method"], accept):
                await super().refuse(send, scope, status, message)
                return
            answer = PlainTextResponse(f"{message[0].upper()}{message[1:]}\n", status)
            await answer(scope, _nothing, send)

        def unknown(self, scope: Scope, headers: dict[str, str]) -> tuple[int, str] | None:
            """A cookie is needed everywhere but at the entrance."""
            if scope["path"] == "/enter" or sessions.knows(headers):
                return None
            return 401, CLOSED

    return StudioGuard
