"""What systemd-networkd makes of the lengths that netplan passes on as text.

Source: systemd, src/basic/in-addr-util.c (in_addr_parse_prefixlen) and
src/basic/parse-util.c (safe_atou8, base 0).
"""

from __future__ import annotations

import re

_NUMBER = re.compile(r"[ \t\n\r]*(?:([+-]?)(0[xX][0-9a-fA-F]+|[0-9]+))", re.ASCII)


def prefix_length(text: str, bits: int) -> int | None:
    """The length that networkd reads, base 0; None where it refuses the text.

    Blanks before the number are skipped, those behind it are the unit file's.
    """
    found = _NUMBER.fullmatch(text.rstrip())
    if found is None:
        return None
    sign, digits = found.groups()
    base = 16 if digits[1:2] in ("x", "X") else 8 if digits[0] == "0" else 10
    try:
        number = int(digits, base)
    except ValueError:
        return None  # an 8 or 9 in an octal number
    return None if number > bits or sign == "-" else number


def passed_on(text: str) -> str:
    """In words, what becomes of an address or a network with an odd length."""
    length = prefix_length(text.rpartition("/")[2], 128 if ":" in text else 32)
    read = "refuses it" if length is None else f"reads it as /{length}"
    return f"netplan passes it on, and systemd-networkd {read}"
