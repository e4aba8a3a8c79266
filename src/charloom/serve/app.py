"""The application: endpoints, errors and what stands before them."""

from __future__ import annotations

import re
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from .._version import __version__
from ..errors import CharloomError
from . import completions, native
from .admission import Admission, BusyError
from .engine import Engine
from .guard import Guard
from .library import Library, UnknownRunError
from .measures import TYPE, Measures
from .settings import ServeSettings
from .wording import COMPLETIONS, in_fields, invalid

SWITCH = 0.0005
"""Seconds after which a thread yields to another: the engine waits for nobody for long."""


def create_app(runs: Sequence[str | Path], settings: ServeSettings | None = None) -> FastAPI:
    """Return an ASGI application that serves the runs.

    Args:
        runs: run folders; requests call them by their folders' names.
        settings: the token, the limits, the origins. Host and port are for whoever listens.

    Raises:
        RunError: a folder is no run.

    Example:
        ::

            uvicorn.run(create_app(["runs/dinosaurs"]))
    """
    settings = settings or ServeSettings()
    engine = Engine()
    library = Library(runs, engine if settings.together else None)
    return assemble(library, engine, settings)


def assemble(
    library: Library,
    engine: Engine,
    settings: ServeSettings,
    more: Callable[[Library, Admission], Sequence[APIRouter]] = lambda library, admission: (),
    guard: type[Guard] = Guard,
) -> FastAPI:
    """Return an application of a library of runs, with ``more`` endpoints behind a ``guard``."""
    measures = Measures()
    admission = Admission(engine, settings)

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        before = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH)
        yield
        admission.close()
        engine.close()
        sys.setswitchinterval(before)

    app = FastAPIOffline(
        title="charloom",
        version=__version__,
        summary="New names and text from trained character-level language models.",
        lifespan=life,
    )
    app.include_router(completions.routes(library, admission, measures))
    app.include_router(native.routes(library, admission, measures))
    for router in more(library, admission):
        app.include_router(router)
    _add_state(app, admission, engine, measures)
    _add_errors(app)
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.origins,
            allow_methods=["GET", "POST"],
            allow_headers=["authorization", "content-type"],
        )
    app.add_middleware(guard, settings=settings, measures=measures)
    return app


def _add_state(app: FastAPI, admission: Admission, engine: Engine, measures: Measures) -> None:
    measures.watch("requests_present", "Requests being answered.", lambda: admission.present)
    measures.watch("model_steps", "Steps of a model.", lambda: engine.steps)
    measures.watch("model_rows", "Prefixes that these steps served.", lambda: engine.rows)

    @app.get("/healthz", tags=["state"], summary="Whether the server lives")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get(
        "/readyz",
        tags=["state"],
        summary="Whether it takes requests",
        responses={503: {"description": "Too many requests wait."}},
    )
    async def readyz() -> Response:
        ready = not admission.full
        return JSONResponse({"status": "ready" if ready else "busy"}, 200 if ready else 503)

    @app.get(
        "/metrics",
        tags=["state"],
        summary="Figures for Prometheus",
        response_class=PlainTextResponse,
    )
    async def metrics() -> Response:
        return Response(measures.text(), media_type=TYPE)


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(RequestValidationError)
    async def unread(request: Request, error: RequestValidationError) -> JSONResponse:
        return _problem(422, *invalid(error))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        if isinstance(error.__cause__, UnicodeError):
            return _problem(422, f"the body must be JSON, in UTF-8. {error.__cause__}")
        return _problem(error.status_code, str(error.detail))

    @app.exception_handler(CharloomError)
    async def charloom(request: Request, error: CharloomError) -> JSONResponse:
        if isinstance(error, BusyError):
            return _problem(503, str(error), headers={"Retry-After": "1"})
        if isinstance(error, UnknownRunError):
            return _problem(404, str(error), "model", "model_not_found")
        names = COMPLETIONS if request.url.path.endswith("/completions") else {}
        option = re.match(r"--[a-z-]+", str(error))
        field = in_fields(option[0], names) if option else None
        return _problem(422, in_fields(str(error), names), field)


def _problem(
    status: int,
    message: str,
    field: str | None = None,
    code: str | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """Return an error in the form that OpenAI's clients read."""
    kind = "server_error" if status >= 500 else "invalid_request_error"
    body: dict[str, Any] = {"message": message, "type": kind, "param": field, "code": code}
    return JSONResponse({"error": body}, status, headers)
