"""The command ``charloom``: finds the subcommand, and turns every error into one line."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Sequence
from typing import Any

import click

from .._version import __version__
from ..errors import CharloomError, ConfigError
from .encoding import prepare_streams
from .streams import (
    ReaderGone,
    die_of_broken_pipe,
    flush_results,
    forget_impossible_sizes,
    noticing_readers,
)

COMMANDS = {
    "explore": "Show what a list of names looks like.",
    "train": "Train on a list of names, or on text, and print new ones.",
    "generate": "Print new names, or text, from a trained model.",
    "play": "Type a beginning and see how a model would continue it.",
    "score": "Print how likely each string is under a model.",
    "evaluate": "Measure a model on names, or text, that it was not trained on.",
    "compare": "Compare several models on the same names or text.",
    "tune": "Search for the best settings for a list or a text.",
    "info": "Show what a run folder holds.",
    "plot": "Plot a figure of a run: its losses, its names or its model.",
    "report": "Write an HTML page about a run: data, quality, samples, internals.",
    "card": "Write a model card, the README of a run folder.",
    "export": "Write a run in another form: a page, ONNX, Keras, a folder for a hub.",
    "studio": "Train, generate, write and look into models in the browser.",
    "serve": "Serve models over HTTP, to OpenAI's clients too.",
    "mcp": "Offer a model as tools of the Model Context Protocol.",
}
"""The commands; listed here so that the help need not import them."""


class _Group(click.Group):
    """Imports a command when it is used, so that each loads only what it needs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f".{cmd_name}", __package__)
        command = module.command
        assert isinstance(command, click.Command)
        return command

    def make_context(self, *arguments: Any, **extra: Any) -> click.Context:
        with noticing_readers():  # of the help
            return super().make_context(*arguments, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        with noticing_readers():
            return super().invoke(ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def cli() -> None:
    """Train a character-level language model in seconds, and generate new strings from it.

    \b
    charloom train names.txt --out runs/names     train, save, print ten new names
    charloom generate runs/names -n 20            more of them

    Results go to stdout, everything else to stderr. Exit codes: 0 success, 1 a problem with the
    data, the model or the output, 2 wrong usage, 130 interrupted. If the reader of the output has
    gone, as in `| head`, the command ends by SIGPIPE, which shells report as 141.
    """


def run(arguments: Sequence[str] | None = None, *, started: float) -> int:
    """Run the command line and return its exit code; an error is one line on stderr.

    Args:
        arguments: those of the process by default.
        started: ``time.monotonic()`` when the command began.
    """
    prepare_streams()
    forget_impossible_sizes()
    try:
        with noticing_readers(), warnings.catch_warnings():  # of messages too
            warnings.showwarning = _show_warning
            code = _run(arguments, started)
            problem = flush_results()
            return code if problem is None else _fail(problem, 1)
    except ReaderGone:
        die_of_broken_pipe()


def _run(arguments: Sequence[str] | None, started: float) -> int:
    try:
        result = cli.main(
            None if arguments is None else list(arguments),
            prog_name="charloom",
            standalone_mode=False,
            obj=started,
        )
        return result if isinstance(result, int) else 0
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return 2
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "charloom"
        return _fail(f"{error.format_message().rstrip('.')}. See {where} --help.", 2)
    except (click.Abort, KeyboardInterrupt):
        return _fail("interrupted.", 130)
    except (CharloomError, click.ClickException) as error:
        return _fail(str(error), 2 if isinstance(error, ConfigError) else 1)
    except ModuleNotFoundError as error:
        package = (error.name or "").split(".")[0]
        if package in ("", "charloom"):
            raise
        return _fail(f"this needs {package}, which is not installed. Run: pip install {package}", 1)
    except OSError as error:
        message = f"the operating system reported: {error.strerror or error}."
        return _fail(flush_results() or message, 1)
    except MemoryError:
        return _fail("there is not enough memory. Use a smaller model, batch or -n.", 1)


def _show_warning(message: Warning | str, *_: object, **_more: object) -> None:
    """Show a library's warning in one line, without the path and the line of its source."""
    from .options import say

    say(f"warning: {' '.join(str(message).split())}")


def _fail(message: str, code: int) -> int:
    from .options import say  # late, as all commands are

    say(f"charloom: {' '.join(message.split())}")
    return code
