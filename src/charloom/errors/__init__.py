"""The errors that the library raises; the command line prints each as one line."""

from __future__ import annotations


class CharloomError(Exception):
    """Base class: a problem with data, model or settings that the caller can solve.

    The message is one printable line: the rule, the value received and the remedy.
    """

    def __str__(self) -> str:
        """Return the message; paths and values in it may come from anywhere."""
        from .formatting import escaped  # late: most programs see no error

        return escaped(super().__str__())


class ConfigError(CharloomError, ValueError):
    """A setting is out of range, or settings contradict each other."""


class ArgumentError(ConfigError, TypeError):
    """An argument has a type that it must not have, such as one string in place of several."""


class CorpusError(CharloomError):
    """Data could not be read, decoded or used as a corpus."""


class CorpusTypeError(CorpusError, ArgumentError):
    """Data have the wrong type, such as one string in place of a list."""


class VocabularyError(CharloomError):
    """A string contains a character that is not in the vocabulary."""


class RunError(CharloomError):
    """A run folder could not be written, or one of its files cannot be trusted."""


class TrainingError(CharloomError):
    """Training cannot start or resume."""


class GenerationError(CharloomError):
    """The model cannot generate what was requested."""
