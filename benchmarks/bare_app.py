"""The least that could stand for a provider: Flask on cheroot, answering a fixed body to anything.

It reads the request and knows nothing of it. What the sandbox takes beyond this is its own.
"""

from __future__ import annotations

import json
import sys

from cheroot.wsgi import Server
from flask import Flask, Response, request

TEXTS = 100  # that the fixed answer tells of, as many as a measured request has

_STATUS = {
    "groupId": 1,
    "groupName": "PENDING",
    "id": 7,
    "name": "PENDING_ENROUTE",
    "description": "Message sent to next instance",
}
_ANSWER = {
    "bulkId": "bulk",
    "messages": [
        {"to": str(447911000000 + n), "status": _STATUS, "smsCount": 1, "messageId": f"m-{n}"}
        for n in range(TEXTS)
    ],
}


def main() -> None:
    """Serve on the port of the command line until it is killed."""
    body = json.dumps(_ANSWER, separators=(",", ":")).encode()
    app = Flask(__name__, static_folder=None)

    @app.route("/", defaults={"path": ""}, methods=["GET", "POST"])
    @app.route("/<path:path>", methods=["GET", "POST"])
    def answer(path: str) -> Response:  # noqa: ARG001  the route hands it over
        request.get_data()
        return Response(body, mimetype="application/json")

    Server(("127.0.0.1", int(sys.argv[1])), app, numthreads=16).start()


if __name__ == "__main__":
    main()
