"""The studio's application: the API of ``serve`` on all runs of a folder, and the page's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from ..app import assemble
from ..engine import Engine
from ..settings import ServeSettings
from . import archive, insight, like, limits, lists, look, page, settings_list, training_routes
from . import next as following
from . import runs as kept
from .library import FolderLibrary
from .lists import Lists
from .place import Place
from .session import Sessions, guard_of
from .trainings import Trainings


def create_studio(
    folder: str | Path,
    settings: ServeSettings | None = None,
    *,
    invite: Callable[[str], None] = lambda token: None,
) -> tuple[FastAPI, Sessions]:
    """Return the studio of a folder as an ASGI application, and who may use it.

    Args:
        folder: the folder of the runs; created if it does not exist.
        settings: host, port and limits.
        invite: called with a new one-time token when one is used up.

    Raises:
        RunError: the folder cannot be used.
    """
    settings = settings or ServeSettings()
    place, engine = Place(Path(folder)), Engine()
    sessions = Sessions(place, invite)
    library = FolderLibrary(place, engine if settings.together else None)
    entrance = APIRouter(include_in_schema=False)

    @entrance.get("/enter")
    async def enter(request: Request) -> Response:
        return sessions.enter(request)

    brought = Lists(place)
    trainings = Trainings(place, brought)
    runs = kept.Runs(place, library, trainings)

    app = assemble(
        library,
        engine,
        settings,
        more=lambda library, admission: (
            entrance,
            page.routes(),
            limits.routes(library, admission),
            like.routes(library, admission),
            following.routes(library, admission),
            lists.routes(brought),
            look.routes(brought, admission),
            settings_list.routes(),
            training_routes.routes(trainings, admission),
            kept.routes(runs),
            archive.routes(runs, admission),
            insight.routes(place),
        ),
        guard=guard_of(sessions),
    )
    plain: Any = app.exception_handlers[HTTPException]

    @app.exception_handler(404)
    async def unknown(request: Request, error: HTTPException) -> Response:
        if page.is_wanted(request.method, request.headers.get("accept", "")):
            return page.index(404)
        answer: Response = await plain(request, error)
        return answer

    return app, sessions
