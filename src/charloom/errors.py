"""The one family of errors that the library raises; the command line prints each as one line."""

from __future__ import annotations


class CharloomError(Exception):
    """A problem with data, model or settings that the caller can act on.

    The message is one line: the rule, the value received and the remedy.
    """


class ConfigError(CharloomError, ValueError):
    """A setting lies outside what it may be."""


class CorpusError(CharloomError):
    """Text could not be read, decoded or used as a corpus."""


class VocabularyError(CharloomError):
    """A text contains a character that the vocabulary does not hold."""


class RunError(CharloomError):
    """A run folder could not be written, or one of its files cannot be trusted."""


class TrainingError(CharloomError):
    """Training cannot start or cannot continue."""


class GenerationError(CharloomError):
    """The model cannot give what was asked of it."""
