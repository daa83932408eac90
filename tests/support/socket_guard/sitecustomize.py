"""Writes down each address beyond this machine that a process asks for, and refuses it.

Python runs this at the start of every process that has this folder in PYTHONPATH and the file to
write into in SOCKET_GUARD.
"""

import os
import sys

_LOG = os.environ.get("SOCKET_GUARD")
_OWN = ("127.", "::1", "localhost", "0.0.0.0")


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None  # a path is this machine's
    elif event in ("socket.gethostbyname", "socket.gethostbyaddr"):
        host = arguments[0]
    else:
        return
    host = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if not isinstance(host, str) or not host or host.startswith(_OWN):
        return
    with open(str(_LOG), "a", encoding="utf-8") as log:  # noqa: PTH123  # pathlib is not there yet
        log.write(f"{event} {host} by {' '.join(sys.argv[:3])}\n")
    raise OSError(f"{host} is beyond this machine")


if _LOG:
    sys.addaudithook(_refuse)
