"""DHCP options as people write them: one a line, its number, what the value is, and the value.

15 text home.example
42 address 10.77.0.1, 10.77.0.2
252 hex 0a0b
"""

from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Address
from typing import Any

from appliance.errors import Problem
from appliance.model.config import DhcpOption

TEXT_OPTIONS = frozenset({12, 14, 15, 17, 18, 40, 47, 56, 60, 62, 64, 66, 67, 86, 100, 101, 252})
"""Numbers whose value is text (RFC 2132; 100 and 101 RFC 4833; 252 as browsers use it)."""
ADDRESS_OPTIONS = frozenset(
    {*range(3, 12), 16, 28, 32, 41, 42, 44, 45, 48, 49, 54, 65, *range(68, 77), 150}
)
"""Numbers whose value is one IPv4 address or several (RFC 2132; 150 RFC 5859)."""
LIKE = "Write it like: 42 address 10.77.0.1"


def written(options: Sequence[DhcpOption]) -> str:
    """The options as the form shows them.

    >>> written((DhcpOption(15, "6c616e"), DhcpOption(42, "0a4d0001"), DhcpOption(43, "0106")))
    '15 text lan\\n42 address 10.77.0.1\\n43 hex 0106'
    """
    return "\n".join(_line(one) for one in options)


def read(text: str) -> tuple[list[dict[str, Any]], list[Problem]]:
    """The options as the configuration's JSON has them, and what is wrong with which line.

    >>> read("15 text lan\\n\\n42 address 10.77.0.1")[0]
    [{'code': 15, 'value': '6c616e'}, {'code': 42, 'value': '0a4d0001'}]
    >>> read("42 address here")[1][0].what
    'Line 1: here is not an IPv4 address. Write it like: 42 address 10.77.0.1'
    """
    options: list[dict[str, Any]] = []
    problems: list[Problem] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            options.append(_option(line))
        except ValueError as error:
            what = f"Line {number}: {error}. {LIKE}"
            problems.append(Problem(("dhcp", "options", len(options)), what))
    return options, problems


def _line(option: DhcpOption) -> str:
    raw = bytes.fromhex(option.value)
    if option.code in TEXT_OPTIONS and raw.isascii() and raw.decode("ascii").isprintable():
        kind, value = "text", raw.decode("ascii")
    elif option.code in ADDRESS_OPTIONS and len(raw) % 4 == 0:
        kind = "address"
        value = ", ".join(str(IPv4Address(raw[n : n + 4])) for n in range(0, len(raw), 4))
    else:
        kind, value = "hex", option.value
    return f"{option.code} {kind} {value}"


def _option(line: str) -> dict[str, Any]:
    """One line.  Raises ValueError with what is wrong, in words without a full stop."""
    code, _, rest = line.strip().partition(" ")
    kind, _, value = rest.strip().partition(" ")
    if not code.isdecimal():
        raise ValueError(f"{code} is not the number of an option")
    if kind not in KINDS:
        raise ValueError(f"{kind or 'nothing'} is none of {', '.join(KINDS)}")
    return {"code": int(code), "value": KINDS[kind](value.strip()).hex()}


def _text(value: str) -> bytes:
    return value.encode()


def _addresses(value: str) -> bytes:
    found = b""
    for one in value.replace(",", " ").split():
        try:
            found += IPv4Address(one).packed
        except ValueError:
            raise ValueError(f"{one} is not an IPv4 address") from None
    return found


def _hex(value: str) -> bytes:
    try:
        return bytes.fromhex(value.replace(":", ""))
    except ValueError:
        raise ValueError(f"{value} is not hexadecimal") from None


KINDS: Mapping[str, Callable[[str], bytes]] = {"text": _text, "address": _addresses, "hex": _hex}
