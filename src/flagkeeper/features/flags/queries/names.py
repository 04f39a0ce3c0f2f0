"""Finding flags by name: is there one, whose is it, and may it be acted on?"""

from collections.abc import Sequence

from sqlalchemy import bindparam, select

from flagkeeper.eventlog.query import Visibility
from flagkeeper.features.access.model import is_hidden
from flagkeeper.features.flags.model.flag import Flag, check_name, check_naming
from flagkeeper.features.flags.store.flags import COLUMNS
from flagkeeper.features.flags.tables import features
from flagkeeper.features.projects import queries as projects
from flagkeeper.kernel.errors import Detail, FlagArchived, NameExists, NotFound
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

_BY_NAME = Query(select(*COLUMNS).where(features.c.name == bindparam("name")), Flag)
_STANDING = Query(
    select(features.c.name, features.c.project, features.c.archived_at).where(any_of(features.c.name, "names")),
    lambda name, project, archived_at: (str(name), (str(project), archived_at is not None)),
)


def name_is_taken(tx: Transaction, name: str) -> bool:
    """Archived flags keep their names."""
    return tx.first(_BY_NAME, name=name) is not None


def flag(tx: Transaction, name: str, project: str | None = None) -> Flag:
    """A flag in use.

    Raises:
        NotFound: there is none, it is archived, or it belongs to another project than `project`.
    """
    found = tx.first(_BY_NAME, name=name)
    if found is None or found.archived_at is not None or project not in (None, found.project):
        where = "" if project is None else f" in project {project!r}"
        raise NotFound(f"There is no flag called {name!r}{where}.")
    return found


def visible_flag(tx: Transaction, name: str, visibility: Visibility) -> Flag:
    """A flag in use, by name alone. Raises `NotFound`, also when the reader may not know of its project."""
    found = flag(tx, name)
    if is_hidden(found.project, visibility):
        raise NotFound(f"There is no flag called {name!r}.")
    return found


def flag_with_environments(tx: Transaction, name: str, visibility: Visibility) -> tuple[Flag, list[str]]:
    """What `visible_flag` finds, and the names of the environments that it has."""
    found = visible_flag(tx, name, visibility)
    return found, [each.name for each in projects.environments_of(tx, found.project)]


def charted_flag(tx: Transaction, name: str) -> str | None:
    """The project of a flag in use; None: there is none (`charts.ports`)."""
    found = tx.first(_BY_NAME, name=name)
    return found.project if found and found.archived_at is None else None


def project_of_flag(tx: Transaction, name: str, visibility: Visibility) -> str | None:
    """The project of a flag, archived or not; None: there is no such flag, or the reader may not know of its
    project."""
    found = tx.first(_BY_NAME, name=name)
    return found.project if found and not is_hidden(found.project, visibility) else None


def demand_possible_name(tx: Transaction, name: str, project: str | None, visibility: Visibility) -> None:
    """Checks a name for a new flag, in a certain project or anywhere.

    Raises:
        BadData, PatternMismatch: it breaks a rule.
        NotFound: there is no such project, or the reader may not know of it.
        NameExists: it is taken, if only by an archived flag, or by one of a hidden project: names are given once.
    """
    check_name(name)
    if project is not None:
        projects.demand_visible(tx, project, visibility)
        check_naming(name, projects.project(tx, project).feature_naming.pattern)
    if name_is_taken(tx, name):
        raise NameExists(f"There is a flag called {name!r} already, perhaps in the archive.")


def demand_flags(tx: Transaction, project: str, names: Sequence[str], environment: str) -> None:
    """Checks a whole list before anything is done to its first flag.

    Raises:
        NotFound: the project has no flag of that name, or not this environment.
        FlagArchived: one would have to be revived first.
    """
    projects.environment_of(tx, project, environment)
    known = set(known_flags(tx, project, names))
    missing = [name for name in names if name not in known]
    if missing:
        text = f"Project {project!r} has no flag called {missing[0]!r}."
        raise NotFound(text, *(Detail(f"There is no flag called {name!r}.", "/body/features") for name in missing))


def known_flags(tx: Transaction, project: str, names: Sequence[str], *, archived_too: bool = False) -> list[str]:
    """Those of the flags that the project has, by name: most bulk changes leave out what is unknown, as Unleash does.

    Raises:
        NotFound: there is no such project.
        FlagArchived: one would have to be revived first (unless `archived_too`).
    """
    projects.project(tx, project)
    standing = tx.all(_STANDING, names=sorted(set(names)))
    own = {name: archived for name, (owner, archived) in sorted(standing) if owner == project}
    archived = [name for name in own if own[name]]
    if archived and not archived_too:
        text = f"The flag {archived[0]!r} is archived. Revive it first."
        raise FlagArchived(text, *(Detail(f"{name!r} is archived.", "/body/features") for name in archived))
    return list(own)
