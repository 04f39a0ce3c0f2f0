"""What the server has to know of its pages."""

from flagkeeper.slice import Slice
from flagkeeper.web import api_browser

SLICE = Slice(name="web", routes=api_browser.ROUTES)
