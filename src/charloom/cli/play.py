"""``charloom play``: the user types a beginning, the model continues it."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from ..config.arguments import MOST_SEED
from .options import Whole, run_argument, say, say_seed

if TYPE_CHECKING:
    from ..run import Run
    from .play_session import Session


@click.command("play")
@run_argument
@click.option(
    "--seed",
    type=Whole(0, MOST_SEED),
    help="Random seed for what is sampled; by default another one each time, which is printed.",
)
def command(run: Run, seed: int | None) -> None:
    """Type a beginning and see how the model in RUN would continue it.

    The most likely next characters and names are shown, with their probabilities given the
    beginning, at the current temperature. Type a name's number to take it, or more text to extend
    the beginning; /help lists the commands.

    A model of running text offers continuations instead of names.
    """
    from ..api import load
    from ..generation import NameModel

    model = load(run)
    seed = int.from_bytes(os.urandom(6)) if seed is None else seed
    session: Session[Any]
    if isinstance(model, NameModel):
        from .play_names import NameSession

        session = NameSession(model, seed)
    else:
        from .play_text import TextSession

        session = TextSession(model, seed)
    if sys.stdin is None:
        raise click.ClickException(
            "standard input is closed. Run play in a terminal, or pipe text to it."
        )
    with suppress(ImportError):
        import readline  # noqa: F401  # line editing and history, where there is a terminal
    try:
        say_seed(seed)
        click.echo("Type a beginning. /help lists the commands, /quit ends.")
        session.show()
        while session.obey(_read()):
            pass
    except (EOFError, KeyboardInterrupt):
        click.echo()


def _read() -> str:
    """Read a line."""
    while True:
        try:
            return input("> ")
        except UnicodeDecodeError:
            say("this is not text in the terminal's encoding. Type it again.")
