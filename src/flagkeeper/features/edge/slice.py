"""What the server has to know of Edge."""

from flagkeeper.features.edge import api, tables
from flagkeeper.features.edge.ports import EdgeSecret
from flagkeeper.slice import Part, Slice

EDGE_SECRET = Part("edge_secret", lambda parts: EdgeSecret(parts.settings.edge_client_secret))

SLICE = Slice(name="edge", routes=api.ROUTES, tables=tables, provides=(EDGE_SECRET,))
