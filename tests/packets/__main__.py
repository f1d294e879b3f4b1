"""Tells the move of some fleets and prints the figures: ``python -m tests.packets``."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.packets.needs import missing
from tests.packets.story import FIXTURES, tell


def main(arguments: list[str]) -> int:
    if reason := missing():
        print(reason, file=sys.stderr)
        return 2
    for fixture in arguments or FIXTURES:
        started = time.monotonic()
        with TemporaryDirectory(prefix="n2k-packets-") as work:
            story = tell(fixture, Path(work))
        nodes, links = story.proof.nodes, story.proof.count
        print(f"{fixture}: {nodes} hosts, {links} rails")
        print(*story.lines, sep="\n")
        print(f"{time.monotonic() - started:6.2f} s  in all\n")
        if not (story.before.is_whole and story.pods.is_whole and story.back.is_whole):
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
