"""``charloom studio``: everything in the browser, for the runs of one folder."""

from __future__ import annotations

import os
from pathlib import Path

import click

from .options import Whole, say
from .serving import listening_on, run_server, server_of, write_log


@click.command("studio")
@click.argument("folder", default="runs", metavar="[FOLDER]", type=click.Path(path_type=Path))
@click.option(
    "--port",
    type=Whole(0, 65535),
    default=8710,
    show_default=True,
    help="Port; 0 for any that is free.",
)
@click.option(
    "--open/--no-open", "opens", default=True, show_default=True, help="Open the browser."
)
@click.option("--log", is_flag=True, help="Write a line of JSON for each request to stderr.")
def command(folder: Path, port: int, opens: bool, log: bool) -> None:
    """Open the studio: train, generate, write and look into models in the browser.

    FOLDER holds the runs; runs by default, where train saves them. It is created if need be, and
    nothing outside of it is read or changed. Only this machine can reach the studio, and only
    browsers that open the printed address, which is good once. Trainings continue when the page
    or the studio is closed, and are found again. Needs the extra serve: pip install
    "charloom[serve]".
    """
    try:
        from ..serve.studio.app import create_studio
        from ..serve.studio.place import Place
    except ImportError as error:
        raise click.ClickException(
            f'studio needs {error.name}, which is not installed. Run: pip install "charloom[serve]"'
        ) from error
    from ..serve.settings import ServeSettings

    write_log(not log)
    with listening_on("127.0.0.1", port) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"

        def invite(token: str) -> None:
            say(f"For another browser: {address}/enter?token={token}")

        settings = ServeSettings(port=listening.getsockname()[1])
        app, sessions = create_studio(folder, settings, invite=invite)
        os.environ.setdefault("CHARLOOM_CACHE", str(Place(folder).part("cache")))  # of large lists
        entrance = f"{address}/enter?token={sessions.token}"
        say(f"The studio of {folder}: {entrance}")
        say("Ctrl-C ends it; trainings continue.")
        if opens:
            import webbrowser

            webbrowser.open(entrance)
        app.state.server = server_of(app, settings)  # streams end when it is to exit
        run_server(app.state.server, listening)
