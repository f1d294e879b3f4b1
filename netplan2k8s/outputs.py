"""Writing a file that the user names: as a whole, or not at all."""

from __future__ import annotations

import os


def write(path: str, content: str) -> None:
    """Put the text in place as a whole; a device or a pipe is written to.

    A link stays one, and leads to the text.
    """
    place = os.path.realpath(path)
    if os.path.exists(place) and not os.path.isfile(place) and not os.path.isdir(place):
        with open(place, "w", encoding="utf-8") as file:
            file.write(content)
        return
    partial = f"{place}.partial-{os.getpid()}"
    try:
        with open(partial, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, place)
    except OSError as error:
        if os.path.exists(partial):
            os.unlink(partial)
        raise OSError(error.errno, error.strerror, path) from error
