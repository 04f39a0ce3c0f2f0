"""What administrators set of a SAML identity provider, and the rules for it. Pure."""

from typing import ClassVar, Self
from urllib.parse import urlsplit

from cryptography import x509
from msgspec import structs

from flagkeeper.features.sso.model.certificates import Unusable, as_pem, read_certificates
from flagkeeper.features.sso.model.rules import SignInRules
from flagkeeper.kernel.errors import BadData, Detail

LONGEST_CERTIFICATES = 50_000


class SamlSettings(SignInRules, frozen=True, kw_only=True, rename="camel"):
    """`sealed_since` is of our own key, with which requests are signed; it may be missing."""

    LINES: ClassVar = ("entity_id", "sign_on_url", "sign_out_url", "email_domains", "group_json_path")
    NEEDED: ClassVar = ("entity_id", "sign_on_url", "certificate")

    entity_id: str = ""
    """What the provider calls itself."""
    sign_on_url: str = ""
    """Where browsers show it who somebody is."""
    sign_out_url: str = ""
    """Where browsers go after logging out here. Empty: nowhere else."""
    certificate: str = ""
    """The provider's certificates as PEM, one below the other: an answer is signed with the key of any of them."""

    def certificates(self) -> list[x509.Certificate]:
        """Raises `Unusable`."""
        return read_certificates(self.certificate)

    def in_one_form(self) -> Self:
        """With nothing but certificates where certificates belong, before anything is kept or shown.

        Raises:
            BadData: there is something else.
        """
        if not self.certificate.strip():
            return structs.replace(self, certificate="")
        if len(self.certificate) > LONGEST_CERTIFICATES:
            raise self._bad_certificate(f"At most {LONGEST_CERTIFICATES} characters.")
        try:
            return structs.replace(self, certificate=as_pem(self.certificates()))
        except Unusable as error:
            raise self._bad_certificate(str(error)) from error

    def wrong(self) -> list[Detail]:
        found = super().wrong()
        for name in ("sign_on_url", "sign_out_url"):
            if (url := getattr(self, name)) and not _leads_browsers(url):
                found.append(Detail("An address that begins with https:// and has no `#`.", self.path(name)))
        return found

    def _bad_certificate(self, why: str) -> BadData:
        return BadData("These settings cannot be used.", Detail(why, self.path("certificate")))


def _leads_browsers(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("https", "http") and bool(parts.hostname) and "#" not in url and " " not in url
