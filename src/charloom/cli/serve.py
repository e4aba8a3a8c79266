"""``charloom serve``: trained models over HTTP."""

from __future__ import annotations

import os
from pathlib import Path

import click

from .options import Real, Whole, folders, path_option, say
from .serving import listening_on, run_server, server_of, write_log


@click.command("serve")
@click.argument("runs", nargs=-1, required=True, metavar="RUN [RUN ...]", shell_complete=folders)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; another than this machine's own needs a token.",
)
@click.option("--port", type=Whole(0, 65535), default=8000, show_default=True, help="Port.")
@path_option(
    "--token-file",
    help="File with the token that clients must send; else the variable CHARLOOM_TOKEN.",
)
@click.option(
    "--queue",
    type=Whole(0, 100_000),
    default=256,
    show_default=True,
    help="Requests that may wait; further ones are refused.",
)
@click.option(
    "--timeout",
    type=Real("[0.1, 3600]"),
    default=30.0,
    show_default=True,
    help="Seconds after which a request is answered with what was found.",
)
@click.option(
    "--origin",
    "origins",
    multiple=True,
    metavar="URL",
    help="Web origin, as https://example.org, whose pages may call; may be repeated.",
)
@click.option(
    "--allow-host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="A further name by which clients call the server; may be repeated.",
)
@click.option("--quiet", is_flag=True, help="Write no log of the requests.")
def command(
    runs: tuple[str, ...],
    host: str,
    port: int,
    token_file: Path | None,
    queue: int,
    timeout: float,
    origins: tuple[str, ...],
    hosts: tuple[str, ...],
    quiet: bool,
) -> None:
    """Serve the models in RUN over HTTP until interrupted.

    OpenAI's clients work unchanged: give them http://127.0.0.1:8000/v1 as the base URL and a run's
    name as the model. Names, scores, explanations and checks have endpoints of their own; /docs
    describes all of them. Needs the extra serve: pip install "charloom[serve]".

    Only this machine can reach the server, unless --host names another address; clients must then
    send a token. One line of JSON for each request is written to stderr, without its texts.
    """
    try:
        from ..serve.app import create_app
    except ImportError as error:
        raise click.ClickException(
            f'serve needs {error.name}, which is not installed. Run: pip install "charloom[serve]"'
        ) from error
    from ..serve.settings import ServeSettings

    settings = ServeSettings(
        host=host,
        port=port,
        token=_token(token_file),
        queue=queue,
        timeout=timeout,
        origins=origins,
        hosts=hosts,
    )
    write_log(quiet)
    app = create_app(runs, settings)
    with listening_on(host, port) as listening:
        shown = f"[{host}]" if ":" in host else host
        say(f"Serving on http://{shown}:{listening.getsockname()[1]}; /docs describes it.")
        run_server(server_of(app, settings), listening)


def _token(path: Path | None) -> str | None:
    from ..serve.settings import TOKEN

    if path is None:
        return os.environ.get(TOKEN) or None
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise click.ClickException(f"--token-file {path} cannot be read: {reason}.") from error
