"""The API of single sign-on."""

from flagkeeper.features.sso.api.asking import ROUTES as ASKING_ROUTES
from flagkeeper.features.sso.api.oidc import ROUTES as OIDC_ROUTES
from flagkeeper.features.sso.api.saml import ROUTES as SAML_ROUTES
from flagkeeper.features.sso.api.settings import ROUTES as SETTINGS_ROUTES

ROUTES = [*SETTINGS_ROUTES, *OIDC_ROUTES, *SAML_ROUTES, *ASKING_ROUTES]
