"""PCI addresses: their canonical text, and the names systemd makes of them.

Source: systemd.net-naming-scheme(7). Every number in a name is decimal, every number
in an address hexadecimal: enp26s0f0np0 is 0000:1a:00.0.
"""

from __future__ import annotations

import re
from functools import lru_cache

_ADDRESS = re.compile(
    r"(?:(?P<domain>[0-9a-f]{4,8}):)?(?P<bus>[0-9a-f]{2}):(?P<slot>[01][0-9a-f])"
    r"\.(?P<function>[0-7])"
)
_PREFIX = re.compile(r"^pci[@:-]", re.IGNORECASE)
_NUMBER = r"(?:0|[1-9]\d*)"
_NAME = re.compile(
    rf"(?:en|ib|wl|ww|sl)(?:P(?P<domain>{_NUMBER}))?p(?P<bus>{_NUMBER})"
    rf"s(?P<slot>{_NUMBER})(?:f(?P<function>{_NUMBER}))?(?:np{_NUMBER}|d{_NUMBER})?",
    re.ASCII,
)
_VIRTUAL = re.compile(
    r"(?:en|ib)[A-Za-z0-9]*?s\d+(?:f\d+)?(?:np\d+)?(?:v\d+|r\d+)$"
    r"|^p\d*f?\d*hpf$|n?pf\d+(?:hpf|vf\d+|sf\d+)$",
    re.ASCII,
)
_ARI = 8
_MAX_BUS, _MAX_SLOT, _MAX_FUNCTION, _MAX_DOMAIN = 255, 31, 255, 2**32 - 1


def canonical(text: str) -> str:
    """Write an address as the device plugin compares it: ``0000:1a:00.0``.

    Takes a missing domain, upper case, and the prefixes of lshw and udev.

    Raises:
        ValueError: no PCI address.
    """
    found = _ADDRESS.fullmatch(_PREFIX.sub("", text.strip()).lower())
    if found is None:
        raise ValueError(f"{text!r} is no PCI address such as 0000:1a:00.0")
    domain = int(found["domain"] or "0", 16)
    return f"{domain:04x}:{found['bus']}:{found['slot']}.{found['function']}"


@lru_cache(maxsize=1024)
def decode_name(name: str) -> str | None:
    """The address in a path name; None for every other name, however suggestive.

    Slot names (ens1f0), onboard names (eno1) and MAC names (enx…) count no buses.
    With ARI a function of 8 and up carries its slot in its upper bits.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    domain, bus, slot, function = (int(group or 0) for group in found.groups())
    if function >= _ARI:
        if function >> 3 != slot:
            return None
        function &= 7
    if domain > _MAX_DOMAIN or bus > _MAX_BUS or slot > _MAX_SLOT:
        return None
    return f"{domain:04x}:{bus:02x}:{slot:02x}.{function}"


@lru_cache(maxsize=1024)
def is_virtual_name(name: str) -> bool:
    """Whether a name is that of a virtual function or a representor."""
    return _VIRTUAL.search(name) is not None
