"""Prepares one dataset and tells how far it is: ``python -m phygui.archive.prepare_one PATH``.

A window runs this as a process, for its own threads are for what somebody waits for. Each line that
it writes is a JSON object: ``share`` and ``what`` while it works, ``problem`` if it cannot.
"""

from __future__ import annotations

import json
import sys
import time

from phygui._isolation import forget_current_folder

TOLD_EVERY_S = 0.2
INTERRUPTED = 130


def main(path: str) -> int:
    """Prepare a dataset; returns the exit code."""
    from phygui.errors import DatasetError
    from phygui.prepare import prepare

    told = 0.0

    def progress(share: float, what: str) -> None:
        nonlocal told
        if time.monotonic() - told >= TOLD_EVERY_S:
            told = time.monotonic()
            tell(share=share, what=what)

    try:
        prepare(path, progress=progress)
    except DatasetError as error:
        tell(problem=str(error))
        return 1
    except KeyboardInterrupt:
        # Every file is written as a whole, or not at all.
        return INTERRUPTED
    return 0


def tell(**what: object) -> None:
    """Write a line at once."""
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    forget_current_folder()
    sys.exit(main(sys.argv[1]))
