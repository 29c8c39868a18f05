"""A transport whose other end is a sandbox in the same process."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from flask.testing import FlaskClient

from smsflow.providers.transport import Response


class FlaskWire:
    """Hands each request to the sandbox's own application."""

    def __init__(self, client: FlaskClient) -> None:
        self._client = client

    def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Response:
        parts = urlsplit(url)
        answer = self._client.open(
            f"{parts.path}?{parts.query}", method=method, headers=dict(headers), data=body
        )
        told = {name.lower(): value for name, value in answer.headers.items()}
        return Response(answer.status_code, told, answer.data)
