"""Random hosts whose stripped text is known: every line is made with its fate.

The package under test takes no part; YAML's forms are written out here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import strategies as st

ADDED = ("dhcp4", "link-local", "optional")
GOOD = {"dhcp4": "false", "link-local": "[]", "optional": "true"}
HEAD = ["network:", "  version: 2", "  ethernets:"]
COMMENTS = ["", "", "", "  # said", "   # {[: 'odd"]


@dataclass
class Entry:
    """A key of an interface with the lines of its value, as block and within braces."""

    key: str
    block: list[str]
    flow: str
    comment: str = ""
    above: bool = False
    below: bool = False


@dataclass
class Mention:
    """An interface in one file; ``wrong`` are keys with values to be put right."""

    name: str
    entries: list[Entry]
    is_flow: bool
    step: int
    comment: str = ""
    wrong: set[str] = field(default_factory=set)
    is_rail: bool = False
    is_target: bool = False
    missing: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        head = f"    {self.name}:"
        if self.is_flow:
            inner = ", ".join(f"{e.key}: {e.flow}" for e in self.entries)
            return [f"{head} {{{inner}}}{self.comment}"]
        out = [head + self.comment]
        for entry in self.entries:
            out += self._entry(entry)
        return out

    def expected(self) -> list[str]:
        if not self.is_rail:
            return self.lines()
        added = list(self.missing) if self.is_target else []
        if self.is_flow:
            return [self._flow(added)]
        if all(map(is_gone, self.entries)) and not added:
            kept = [line for e in self.entries for line in self._above(e)]
            return [f"    {self.name}: {{}}{self.comment}", *kept]
        return self._block(added)

    def _flow(self, added: list[str]) -> str:
        inner = []
        for entry in self.entries:
            if is_gone(entry):
                inner += [f"{key}: {GOOD[key]}" for key in added]
                added = []
            else:
                value = GOOD[entry.key] if entry.key in self.wrong else entry.flow
                inner.append(f"{entry.key}: {value}")
        return f"    {self.name}: {{{', '.join(inner)}}}{self.comment}"

    def _block(self, added: list[str]) -> list[str]:
        out = [f"    {self.name}:{self.comment}"]
        indent = " " * (4 + self.step)
        for entry in self.entries:
            if is_gone(entry):
                out += self._above(entry)
                out += [f"{indent}{key}: {GOOD[key]}" for key in added]
                added = []
            elif entry.key in self.wrong:
                out += self._entry(self._righted(entry))
            else:
                out += self._entry(entry)
        return out

    def _righted(self, entry: Entry) -> Entry:
        """A comment on the value's line stays, where it has one."""
        comment = entry.comment if len(entry.block) == 1 else ""
        good = GOOD[entry.key]
        return Entry(entry.key, [good], good, comment, entry.above, entry.below)

    def _above(self, entry: Entry) -> list[str]:
        return [" " * (4 + self.step) + "# above", ""] if entry.above else []

    def _entry(self, entry: Entry) -> list[str]:
        indent = " " * (4 + self.step)
        out = self._above(entry)
        if len(entry.block) == 1:
            out.append(f"{indent}{entry.key}: {entry.block[0]}{entry.comment}")
        else:
            out.append(f"{indent}{entry.key}:{entry.comment}")
            out += [f"{indent}{line}" for line in entry.block]
        if entry.below:
            out.append(f"{indent}  # below")
        return out


def is_gone(entry: Entry) -> bool:
    return entry.key in ("addresses", "routes", "routing-policy")


@dataclass
class HostText:
    """Files by name, before and as they must be after."""

    before: dict[str, str]
    after: dict[str, str]
    rails: list[str]


quotes = st.sampled_from(["", "", "'", '"'])


@st.composite
def items(draw, key, values):
    """A list of texts or of mappings, in one of its forms."""
    quote = draw(quotes)

    def scalar(text):
        return f"{quote}{text}{quote}"

    def mapping(pairs):
        return "{" + ", ".join(f"{k}: {scalar(v)}" for k, v in pairs) + "}"

    flat = [scalar(v) if isinstance(v, str) else mapping(v) for v in values]
    flow = f"[{', '.join(flat)}]"
    form = draw(st.sampled_from(["flow", "block", "indented", "wide"]))
    if form == "flow":
        return Entry(key, [flow], flow, draw(st.sampled_from(COMMENTS)))
    lead = "  " if form != "block" else ""
    dash = "-   " if form == "wide" else "- "
    block = []
    for last, (value, text) in enumerate(zip(values, flat, strict=True), 1):
        comment = draw(st.sampled_from(COMMENTS))
        if isinstance(value, str) or draw(st.booleans()):
            block.append(f"{lead}{dash}{text}{comment}")
        else:
            for n, (k, v) in enumerate(value):
                start = dash if n == 0 else " " * len(dash)
                block.append(f"{lead}{start}{k}: {scalar(v)}{comment}")
        if lead and last < len(values) and draw(st.integers(0, 5)) == 0:
            block.append(f"{lead}# between")
    return Entry(key, block if len(block) > 1 else [flow], flow)


@st.composite
def scalars(draw, key, value):
    quote = draw(quotes)
    text = f"{quote}{value}{quote}"
    return Entry(key, [text], text, draw(st.sampled_from(COMMENTS)))


@st.composite
def rails(draw, number):
    """The entries of a rail, and its wrong and missing keys."""
    nic, leaf = f"172.{16 + 2 * number}.0.0", f"172.{16 + 2 * number}.0.1"
    cidr = f"172.{16 + 2 * number}.0.0/15"
    routes = [[("to", cidr), ("via", leaf)]]
    if draw(st.booleans()):
        routes.append([("to", "172.16.0.0/12"), ("via", leaf), ("metric", "100")])
    entries = [
        draw(items("addresses", [f"{nic}/31"])),
        draw(items("routes", routes)),
    ]
    if draw(st.booleans()):
        policy = [[("from", nic), ("table", f"{101 + number}")]]
        entries.append(draw(items("routing-policy", policy)))
    for key, value in (("mtu", "9216"), ("accept-ra", "no"), ("wakeonlan", "false")):
        if draw(st.booleans()):
            entries.append(draw(scalars(key, value)))
    wrong, missing = set(), []
    for key in ADDED:
        state = draw(st.sampled_from(["missing", "good", "wrong"]))
        if key == "dhcp4" and state == "wrong":
            state = "good"
        if state == "missing":
            missing.append(key)
        elif state == "good":
            entries.append(Entry(key, [GOOD[key]], GOOD[key]))
        elif key == "optional":
            wrong.add(key)
            entries.append(draw(scalars(key, "off")))
        else:
            wrong.add(key)
            entries.append(draw(items(key, ["ipv6", "ipv4"])))
    return entries, wrong, tuple(missing)


@st.composite
def others(draw, number):
    entries = [
        draw(items("addresses", [f"10.20.{number}.2/24", "fd00::2/48"])),
        draw(items("routes", [[("to", "10.0.0.0/8"), ("via", f"10.20.{number}.1")]])),
        draw(scalars("mtu", "1500")),
    ]
    return draw(st.permutations(entries))


@st.composite
def host_texts(draw):
    """A host of one to three files with its rails said in one or several of them."""
    count = draw(st.integers(1, 3))
    files: list[list[Mention]] = [[] for _ in range(count)]
    names = []
    for number in range(draw(st.integers(1, 3))):
        entries, wrong, missing = draw(rails(number))
        entries = draw(st.permutations(entries))
        for entry in entries:
            entry.above = draw(st.integers(0, 4)) == 0
            entry.below = draw(st.integers(0, 4)) == 0
        name = f"rail{number}"
        names.append(name)
        parts: dict[int, list[Entry]] = {}
        for entry in entries:
            parts.setdefault(draw(st.integers(0, count - 1)), []).append(entry)
        for place, part in sorted(parts.items()):
            mention = Mention(
                name,
                part,
                draw(st.booleans()),
                draw(st.sampled_from([2, 4])),
                draw(st.sampled_from(COMMENTS)),
                wrong,
                is_rail=True,
                is_target=any(e.key == "addresses" for e in part),
                missing=missing,
            )
            files[place].append(mention)
    for number in range(draw(st.integers(0, 2))):
        mention = Mention(f"eno{number}", draw(others(number)), draw(st.booleans()), 2)
        files[draw(st.integers(0, count - 1))].append(mention)
    break_ = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    before, after = {}, {}
    for number, mentions in enumerate(files):
        if not mentions:
            continue
        shuffled = draw(st.permutations(mentions))
        tail = draw(st.sampled_from([[], ["# end"], ["", "# end"]]))
        for texts, lines in (
            (before, [line for m in shuffled for line in m.lines()]),
            (after, [line for m in shuffled for line in m.expected()]),
        ):
            texts[f"{number}.yaml"] = "".join(
                line + break_ for line in [*HEAD, *lines, *tail]
            )
    return HostText(before, after, names)
