"""What the server has to know of exports."""

from flagkeeper.readmodels.event_export import api
from flagkeeper.readmodels.event_export.slots import ExportSlots
from flagkeeper.slice import Part, Slice

EXPORT_SLOTS = Part("export_slots", lambda _: ExportSlots())

SLICE = Slice(name="event_export", routes=api.ROUTES, provides=(EXPORT_SLOTS,))
