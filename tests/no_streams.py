"""In front of a real server: what the open-source Unleash has no answer for is not there. All else passes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

MISSING = ("/api/client/streaming", "/api/client/delta")


@contextmanager
def without_streams(url: str) -> Iterator[str]:
    """The address of a server like the one at `url`, without streams and deltas."""
    client = httpx.Client(base_url=url, timeout=30, trust_env=False)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            if self.path.startswith(MISSING):
                self._answer(404, b'{"name":"NotFoundError"}', {})
                return
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            found = client.request(self.command, self.path, content=body, headers=headers)
            kept = {name: value for name, value in found.headers.items() if name in ("etag", "content-type")}
            self._answer(found.status_code, found.content, kept)

        do_POST = do_GET  # noqa: N815 - the name that http.server calls

        def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Tests read other things."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as front:
        thread = threading.Thread(target=front.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{front.server_address[1]}"
        finally:
            front.shutdown()
            client.close()
