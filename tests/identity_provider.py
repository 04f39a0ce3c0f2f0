"""A real OpenID provider (`oidc-provider-mock`) on a real socket, with a door through which tests change what it says:
what is sent to it is noted, PKCE is checked as RFC 7636 asks for, and answers can be replaced."""

import base64
import io
import json
import threading
from collections.abc import Callable, Iterable
from hashlib import sha256
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs

import httpx
import oidc_provider_mock  # type: ignore[import-untyped]  # untyped upstream
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

CLIENT_ID, CLIENT_SECRET = "flagkeeper", "provider-knows-this-secret"
Claims = dict[str, Any]
Change = Callable[[Claims], Claims]


class IdentityProvider:
    """The provider. `with` opens and closes it.

    `sign_with` and `headers` replace the signature of ID tokens; `change` what they say; `keys` what it publishes;
    `discovery` is put over its discovery document; `only_by_form` knows clients by the form alone, whatever that says.
    """

    def __init__(self) -> None:
        self.change: Change | None = None
        self.sign_with: RSAKey | None = None
        self.headers: dict[str, Any] = {}
        self.keys: list[RSAKey] = []
        self.discovery: dict[str, Any] = {}
        self.only_by_form = False
        self.asked: list[tuple[str, dict[str, str], str]] = []
        """Paths, forms and credentials of what was sent to it."""
        self._challenges: set[str] = set()
        app = oidc_provider_mock.app()
        self._app = app.wsgi_app
        app.wsgi_app = self
        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def discover_url(self) -> str:
        return f"{self.url}/.well-known/openid-configuration"

    def know(self, subject: str, **claims: Any) -> None:
        """Makes somebody known to it."""
        body = {"email": f"{subject}@example.com", **claims}
        answer = httpx.put(f"{self.url}/users/{subject}", json=body, trust_env=False)
        assert answer.status_code < 300, answer.text

    def authorize(self, location: str, subject: str) -> str:
        """Where the provider sends somebody who has shown it that they are `subject`."""
        answer = httpx.post(location, data={"sub": subject}, trust_env=False)
        assert answer.status_code in (302, 303), answer.text
        return answer.headers["location"]

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path, body = environ["PATH_INFO"], environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        form = {name: values[0] for name, values in parse_qs(body.decode("latin-1")).items()}
        query = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
        self.asked.append((path, {**query, **form}, environ.get("HTTP_AUTHORIZATION", "")))
        if path == "/oauth2/authorize" and query.get("code_challenge_method") == "S256":
            self._challenges.add(query["code_challenge"])
        if path == "/oauth2/token" and self.only_by_form and "client_secret" not in form:
            start("401 UNAUTHORIZED", [("Content-Type", "application/json")])
            return [b'{"error": "invalid_client", "error_description": "not by this method"}']
        answers: list[Any] = []
        content = b"".join(self._app(environ, lambda status, headers, _=None: answers.extend((status, headers))))
        status, headers = answers
        if path == "/oauth2/token":
            status, content = self._checked(form, status, content)
        elif path == "/jwks" and self.keys:
            content = json.dumps({"keys": [key.as_dict(private=False) for key in self.keys]}).encode()
        elif path.startswith("/.well-known"):
            content = json.dumps({**json.loads(content), **self.discovery}).encode()
        start(status, [(name, value) for name, value in headers if name.lower() != "content-length"])
        return [content]

    def _checked(self, form: dict[str, str], status: str, content: bytes) -> tuple[str, bytes]:
        digest = sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if self._challenges and challenge not in self._challenges:
            return "400 BAD REQUEST", b'{"error": "invalid_grant"}'
        if not status.startswith("200"):
            return status, content
        answer = json.loads(content)
        payload = answer["id_token"].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        if self.change is not None:
            claims = self.change(claims)
        if self.sign_with is not None:
            header = {"alg": "RS256", "kid": self.sign_with.kid, **self.headers}
            answer["id_token"] = jwt.encode(header, claims, self.sign_with, algorithms=[header["alg"]])
        return status, json.dumps(answer).encode()


def new_key(kid: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid})
