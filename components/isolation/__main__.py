"""How the processes start: `serve LIBRARIES SOCKET` forks calls, `call JSON` is a single one."""

import json
import socket
import sys

from components.isolation.child import answer_call
from components.isolation.fork_server import serve
from components.isolation.limits import Limits

match sys.argv[1:]:
    case ["serve", ("data" | "models") as libraries, number]:
        with socket.socket(fileno=int(number)) as channel:
            serve(channel, libraries)
    case ["call", text]:
        call = json.loads(text)
        answer_call(call["function"], Limits(**call["limits"]))
