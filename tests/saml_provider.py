"""A real SAML identity provider (pysaml2, signing with libxmlsec1) on a real socket, with a way for tests to change
what it says before it signs, and what it has signed."""

import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeAlias
from urllib.parse import parse_qs

import httpx
import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree
from werkzeug.serving import make_server

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it imports a mode of `cryptography` that has moved, and never uses it
    from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
    from saml2.config import IdPConfig
    from saml2.saml import AUTHN_PASSWORD, NameID
    from saml2.server import Server
    from saml2.sigver import CryptoBackend
    from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256

NS = {
    "samlp": "urn:oasis:names:tc:SAML:2.0:protocol",
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
}
EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
Tree: TypeAlias = Any
"""An element of lxml, which is typed by nobody."""
Change = Callable[[Tree], None]
"""Of a whole answer, in place."""


_WHO = '<form method="post"><label>Who <input name="subject"></label><button>This is me</button></form>'
"""The provider's login page. It believes everybody."""


class KeyPair(NamedTuple):
    key: str
    certificate: str


def new_pair(name: str = "provider", bits: int = 2048, days: int = 30) -> KeyPair:
    """A key and a certificate that it has signed itself, valid until so many days from now."""
    key = generate_private_key(65537, bits)
    called = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    ends = datetime.now(UTC) + timedelta(days=days)
    built = x509.CertificateBuilder().subject_name(called).issuer_name(called).public_key(key.public_key())
    built = built.serial_number(x509.random_serial_number())
    signed = built.not_valid_before(ends - timedelta(days=60)).not_valid_after(ends).sign(key, SHA256())
    return KeyPair(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        signed.public_bytes(Encoding.PEM).decode(),
    )


def sign(root: Tree, node: Tree, key: str) -> None:
    """Signs by a template that stands in the tree, with libxmlsec1."""
    xmlsec.tree.add_ids(root, ["ID"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(key, xmlsec.constants.KeyDataFormatPem)
    context.sign(node)


class _Signing(CryptoBackend):  # type: ignore[misc]  # untyped upstream
    def __init__(self, provider: "SamlProvider") -> None:
        super().__init__()
        self._provider = provider

    def sign_statement(self, statement: object, node_name: str, key_file: str, node_id: str) -> str:
        root = etree.fromstring(statement if isinstance(statement, bytes) else str(statement).encode())
        if self._provider.change is not None:
            self._provider.change(root)
            self._provider.change = None
        (node,) = root.xpath("//ds:Signature[ds:SignedInfo/ds:Reference[@URI=$uri]]", namespaces=NS, uri=f"#{node_id}")
        sign(root, node, self._provider.pair.key)
        return str(etree.tostring(root), "utf-8")


class _Form(HTMLParser):
    """The form that takes an answer to where it belongs."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.action = given["action"] or ""
        elif tag == "input" and given.get("name"):
            self.fields[given["name"] or ""] = given["value"] or ""


class Posted(NamedTuple):
    """What a browser is made to send, and where."""

    url: str
    fields: dict[str, str]


class SamlProvider:
    """The provider. `with` opens and closes it; `meet` tells it who we are.

    `change` is done to the next answer before it is signed, once; `tamper` to every answer after that. `signs` says
    what is signed: `assertion`, `response`, or both. `name` is what browsers call this machine.
    """

    def __init__(self, folder: Path, name: str = "127.0.0.1") -> None:
        self.pair = new_pair()
        self.change: Change | None = None
        self.tamper: Change | None = None
        self.signs: tuple[str, ...] = ("assertion",)
        self.algorithms = (SIG_RSA_SHA256, DIGEST_SHA256)
        self.asked: list[Any] = []
        """The requests that it has read."""
        self.demands_signatures = False
        self._folder = folder
        self._people: dict[str, tuple[NameID, dict[str, Any]]] = {}
        self._server: Any = None
        self._http = make_server("127.0.0.1", 0, self, threaded=True)
        self.url = f"http://{name}:{self._http.server_port}"
        self.entity_id = f"{self.url}/metadata"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    @property
    def sign_on_url(self) -> str:
        return f"{self.url}/sso"

    def meet(self, metadata: str) -> None:
        """Reads who we are."""
        key, certificate = self._folder / "key.pem", self._folder / "certificate.pem"
        key.write_text(self.pair.key)
        certificate.write_text(self.pair.certificate)
        config = IdPConfig().load(
            {
                "entityid": self.entity_id,
                "key_file": str(key),
                "cert_file": str(certificate),
                "xmlsec_binary": sys.executable,  # it is not called: `_Signing` stands in its place
                "metadata": {"inline": [metadata]},
                "service": {
                    "idp": {
                        "endpoints": {"single_sign_on_service": [(self.sign_on_url, BINDING_HTTP_REDIRECT)]},
                        "want_authn_requests_signed": self.demands_signatures,
                        "policy": {"default": {"lifetime": {"minutes": 5}, "attribute_restrictions": None}},
                    }
                },
            }
        )
        self._server = Server(config=config)
        self._server.sec.crypto = _Signing(self)

    def know(self, subject: str, format_: str = PERSISTENT, **attributes: Any) -> None:
        """Makes somebody known to it."""
        given = {"mail": f"{subject}@example.com", **attributes}
        self._people[subject] = (NameID(format=format_, text=subject), {k: v for k, v in given.items() if v})

    def answer(self, location: str, subject: str) -> Posted:
        """What it makes a browser send that has shown it that it is `subject`'s."""
        answer = httpx.post(location, data={"subject": subject}, trust_env=False)
        assert answer.status_code == 200, answer.text
        form = _Form()
        form.feed(answer.text)
        return Posted(form.action, form.fields)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        try:
            status, content = "200 OK", self._page(environ)
        except Exception:  # what went wrong in the provider stands in the answer that a test looks at
            status, content = "500 Broken", traceback.format_exc()
        start(status, [("Content-Type", "text/html")])
        return [content.encode()]

    def _page(self, environ: dict[str, Any]) -> str:
        query = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
        if environ["REQUEST_METHOD"] == "GET":
            return _WHO
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
        request = self._server.parse_authn_request(
            query["SAMLRequest"],
            BINDING_HTTP_REDIRECT,
            query.get("RelayState"),
            query.get("SigAlg"),
            query.get("Signature"),
        )
        self.asked.append(request.message)
        text = self._said(request.message, parse_qs(body)["subject"][0])
        destination = request.message.assertion_consumer_service_url
        made = self._server.apply_binding(BINDING_HTTP_POST, text, destination, "", response=True)
        return "".join(made["data"])

    def _said(self, request: Any, subject: str) -> str:
        name_id, attributes = self._people[subject]
        made = self._server.create_authn_response(
            identity=attributes,
            in_response_to=request.id,
            destination=request.assertion_consumer_service_url,
            sp_entity_id=request.issuer.text,
            name_id=name_id,
            authn={"class_ref": AUTHN_PASSWORD, "authn_auth": self.url},
            sign_response="response" in self.signs,
            sign_assertion="assertion" in self.signs,
            sign_alg=self.algorithms[0],
            digest_alg=self.algorithms[1],
        )
        root = etree.fromstring(str(made).encode())
        if self.change is not None:
            self.change(root)
            self.change = None
        if self.tamper is not None:
            self.tamper(root)
        return str(etree.tostring(root), "utf-8")
