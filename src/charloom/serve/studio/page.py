"""The page itself: files that come with the package, under a strict content security policy."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse, Response
from starlette.exceptions import HTTPException

FILES = Path(__file__).with_name("page")

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
"""Nothing from elsewhere, nothing inline."""

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

SCREENS = ("/", "/list", "/train", "/generate", "/write", "/understand", "/library")
"""Addresses that show the page; it reads the rest of its state from the address."""

HEADERS = {
    "content-security-policy": POLICY,
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-cache",
}


def index(status: int = 200) -> Response:
    """Return the page; which of its screens is shown is its own affair."""
    return FileResponse(FILES / "index.html", status, headers=HEADERS, media_type=TYPES[".html"])


def is_wanted(method: str, accept: str) -> bool:
    """Return whether a browser asks for a page, which a program does not."""
    return method in ("GET", "HEAD") and "text/html" in accept


def routes() -> APIRouter:
    """Return the endpoints of the page and its files."""
    router = APIRouter(include_in_schema=False)
    known = {
        str(path.relative_to(FILES)).replace("\\", "/"): path
        for path in FILES.rglob("*")
        if path.suffix in TYPES
    }

    async def screen() -> Response:
        return index()

    for path in SCREENS:
        router.get(path)(screen)

    @router.get("/page/{name:path}")
    async def file(name: str) -> Response:
        if name not in known:
            raise HTTPException(404, "the page has no such file.")
        found = known[name]
        # A browser asks for the icon whenever the address changes, so it may keep that.
        kept = {"cache-control": "max-age=86400"} if found.suffix == ".svg" else {}
        return FileResponse(found, headers=HEADERS | kept, media_type=TYPES[found.suffix])

    return router
