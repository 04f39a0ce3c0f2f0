"""The one `MetaData` on which every slice declares its tables, and how a table says that it is audited."""

from typing import Any

from sqlalchemy import MetaData

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

AUDITED = "audited"


def audited(kind: str, *columns: str) -> dict[str, Any]:
    """`info=` of a table whose rows may change only together with an event.

    A row belongs to the subject `kind/<columns>`; every statement that writes the table binds these columns as
    parameters, and the unit demands an event that has its version.
    """
    return {AUDITED: (kind, *columns)}
