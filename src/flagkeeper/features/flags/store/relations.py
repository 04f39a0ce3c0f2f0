"""Dependencies, links and completions of flags, for commands."""

from typing import Any, Literal

import msgspec
from sqlalchemy import bindparam, delete, select, update

from flagkeeper.features.flags.model.relations import Completion, Dependency, Link, Relations
from flagkeeper.features.flags.tables import feature_completions, feature_dependencies, feature_links
from flagkeeper.storage.dialects import upsert
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

_variants = msgspec.json.Decoder(list[str]).decode


def to_dependency(parent: str, enabled: bool, variants: str) -> Dependency:
    return Dependency(feature=parent, enabled=enabled, variants=_variants(variants))


def to_link(id_: str, url: str, title: str | None) -> Link:
    return Link(id=id_, url=url, title=title)


def to_completion(at: int, status: Literal["kept", "discarded"], status_value: str | None) -> Completion:
    return Completion(at=at, status=status, status_value=status_value)


DEPENDENCY = (feature_dependencies.c.parent, feature_dependencies.c.enabled, feature_dependencies.c.variants)
LINK = (feature_links.c.id, feature_links.c.url, feature_links.c.title)
COMPLETION = (feature_completions.c.at, feature_completions.c.status, feature_completions.c.status_value)
_DEPENDENCIES = Query(
    select(*DEPENDENCY)
    .where(feature_dependencies.c.feature_name == bindparam("feature_name"))
    .order_by(feature_dependencies.c.parent),
    to_dependency,
)
_LINKS = Query(
    select(*LINK).where(feature_links.c.feature_name == bindparam("feature_name")).order_by(feature_links.c.id), to_link
)
_COMPLETION = Query(
    select(*COMPLETION).where(feature_completions.c.feature_name == bindparam("feature_name")), to_completion
)
_CHILDREN = Query(
    select(feature_dependencies.c.feature_name)
    .where(feature_dependencies.c.parent == bindparam("parent"))
    .order_by(feature_dependencies.c.feature_name),
    str,
)
_PARENTS = Query(
    select(feature_dependencies.c.parent).where(feature_dependencies.c.feature_name == bindparam("feature_name")), str
)
_LINK_EXISTS = Query(select(feature_links.c.id).where(feature_links.c.id == bindparam("id")), str)
_SAVE_DEPENDENCY = Write[Any](
    upsert(feature_dependencies, key=["feature_name", "parent"], update=["enabled", "variants"])
)
_REMOVE_DEPENDENCY = Write[Any](
    delete(feature_dependencies).where(
        feature_dependencies.c.feature_name == bindparam("feature_name"),
        feature_dependencies.c.parent == bindparam("parent"),
    )
)
_ADD_LINK = Write[Any](upsert(feature_links, key=["id"]))
_SAVE_LINK = Write[Any](
    update(feature_links)
    .where(feature_links.c.id == bindparam("link_id"), feature_links.c.feature_name == bindparam("feature_name"))
    .values(url=bindparam("url"), title=bindparam("title"))
)
_REMOVE_LINK = Write[Any](
    delete(feature_links).where(
        feature_links.c.id == bindparam("link_id"), feature_links.c.feature_name == bindparam("feature_name")
    )
)
_COMPLETE = Write[Any](upsert(feature_completions, key=["feature_name"], update=["at", "status", "status_value"]))
_UNCOMPLETE = Write[Any](
    delete(feature_completions).where(feature_completions.c.feature_name == bindparam("feature_name"))
)


def relations_of(tx: Transaction, flag: str) -> Relations:
    """Of a flag whose lock the unit holds."""
    asked = {"feature_name": flag}
    dependencies, links, completions = tx.together((_DEPENDENCIES, asked), (_LINKS, asked), (_COMPLETION, asked))
    return Relations(dependencies=dependencies, links=links, completion=completions[0] if completions else None)


def children_of(tx: Transaction, parent: str) -> list[str]:
    """The flags that depend on this one, sorted. None of them is archived."""
    return tx.all(_CHILDREN, parent=parent)


def has_parents(tx: Transaction, flag: str) -> bool:
    return tx.first(_PARENTS, feature_name=flag) is not None


def save_dependency(tx: Transaction, flag: str, dependency: Dependency) -> None:
    variants = msgspec.json.encode(dependency.variants).decode()
    tx.write(
        _SAVE_DEPENDENCY, feature_name=flag, parent=dependency.feature, enabled=dependency.enabled, variants=variants
    )


def remove_dependency(tx: Transaction, flag: str, parent: str) -> None:
    tx.write(_REMOVE_DEPENDENCY, feature_name=flag, parent=parent)


def link_exists(tx: Transaction, link_id: str) -> bool:
    """Of any flag."""
    return tx.first(_LINK_EXISTS, id=link_id) is not None


def add_link(tx: Transaction, flag: str, link: Link) -> None:
    tx.write(_ADD_LINK, id=link.id, feature_name=flag, url=link.url, title=link.title)


def save_link(tx: Transaction, flag: str, link: Link) -> None:
    tx.write(_SAVE_LINK, link_id=link.id, feature_name=flag, url=link.url, title=link.title)


def remove_link(tx: Transaction, flag: str, link_id: str) -> None:
    tx.write(_REMOVE_LINK, link_id=link_id, feature_name=flag)


def complete(tx: Transaction, flag: str, completion: Completion) -> None:
    tx.write(
        _COMPLETE,
        feature_name=flag,
        at=completion.at,
        status=completion.status,
        status_value=completion.status_value,
    )


def uncomplete(tx: Transaction, flag: str) -> None:
    tx.write(_UNCOMPLETE, feature_name=flag)


def add_all(tx: Transaction, flag: str, relations: Relations) -> None:
    """Gives a new flag what it is to begin with."""
    for dependency in relations.dependencies:
        save_dependency(tx, flag, dependency)
    for link in relations.links:
        add_link(tx, flag, link)
    if relations.completion is not None:
        complete(tx, flag, relations.completion)
