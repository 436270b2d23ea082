"""What can be wrong with a file, said in one sentence."""

from __future__ import annotations


class DatasetError(ValueError):
    """A file cannot be read or written as asked.

    The text is one sentence that names the file, the place in it, what was
    found and what was expected. It is shown to the user as it is. Scripts
    written for phy 0.1 and klusta expect a ``ValueError``.
    """


class DatasetChanged(DatasetError):
    """The file on disk is no longer the one that was opened: another program wrote it."""


class Cancelled(Exception):
    """What was asked for is not wanted any more; what is written by then is whole.

    One for views, exports and preparations: a thread that runs any of them takes it for no failure.
    """


class DatasetWarning(UserWarning):
    """A file is unusual but readable; the text says what was assumed."""


class UnsavedEditsWarning(UserWarning):
    """Edits are not in the file; the text says where they are."""
