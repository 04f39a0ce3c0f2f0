"""Variants of flags in environments: the older way, before strategies had variants."""

from collections.abc import Sequence

from flagkeeper.eventlog.catalogue.feature_strategy import FeatureVariantsUpdated
from flagkeeper.eventlog.catalogue.payload import VariantData, VariantsData
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.flags.commands.editor import Editor, edit
from flagkeeper.features.flags.model.environment import states_of
from flagkeeper.features.flags.model.json_patch import Patch, patched
from flagkeeper.features.flags.model.variant import VariantDraft, checked_variants
from flagkeeper.features.flags.store import environments, flags, relations, tags
from flagkeeper.kernel.errors import InvalidOperation


def replace(unit: Unit, project: str, name: str, environment: str, drafts: Sequence[VariantDraft]) -> list[VariantData]:
    """Raises `NotFound`, `FlagArchived`, `BadData`, or `InvalidOperation` for a flag that has no such variants."""
    editor = _edit_older(unit, project, name, environment)
    editor.set_variants(_checked(drafts))
    return editor.state.variants


def patch(unit: Unit, project: str, name: str, environment: str, patches: Sequence[Patch]) -> list[VariantData]:
    """Raises `NotFound`, `FlagArchived`, `BadData`, or `InvalidOperation` for a flag that has no such variants."""
    editor = _edit_older(unit, project, name, environment)
    editor.set_variants(_checked(patched(editor.state.variants, patches, list[VariantDraft])))
    return editor.state.variants


def push(
    unit: Unit, project: str, name: str, places: Sequence[str], drafts: Sequence[VariantDraft]
) -> list[VariantData]:
    """The same variants in several environments. Raises `NotFound`, `FlagArchived` or `BadData`."""
    flags.load_active(unit.tx, name, project)
    variants = _checked(drafts)
    for environment in sorted(set(places)):
        edit(unit, project, name, environment).set_variants(variants)
    return variants


def replace_everywhere(unit: Unit, project: str, name: str, drafts: Sequence[VariantDraft]) -> list[VariantData]:
    """The same variants in all environments, as one change of the flag: how it was before there were environments.

    Raises:
        NotFound, FlagArchived, BadData: for the flag or the variants.
    """
    flags.load_active(unit.tx, name, project)
    return _set_everywhere(unit, name, _checked(drafts))


def patch_everywhere(unit: Unit, project: str, name: str, patches: Sequence[Patch]) -> list[VariantData]:
    """Raises `NotFound`, `FlagArchived` or `BadData`."""
    flags.load_active(unit.tx, name, project)
    old = flags.rollup(unit.tx, name).variants
    return _set_everywhere(unit, name, _checked(patched(old, patches, list[VariantDraft])))


def _edit_older(unit: Unit, project: str, name: str, environment: str) -> Editor:
    """Raises `InvalidOperation` unless the flag has variants in the environment."""
    editor = edit(unit, project, name, environment)
    if not editor.state.variants:
        raise InvalidOperation("Variants of environments are a thing of the past. Give variants to a strategy instead.")
    return editor


def _set_everywhere(unit: Unit, name: str, variants: list[VariantData]) -> list[VariantData]:
    flag = flags.load_active(unit.tx, name)
    states = environments.load_all(unit.tx, name)
    different = [environment for environment, state in states.items() if state.variants != variants]
    if not different:
        return variants
    for environment in different:
        environments.set_variants(unit.tx, name, environment, variants)
    after = {environment: states[environment].with_variants(variants) for environment in different}
    unit.record(
        FeatureVariantsUpdated(
            feature_name=name,
            project=flag.project,
            data=VariantsData(variants=variants),
            pre_data=VariantsData(variants=states[different[0]].variants),
        ),
        flag.state(tags.tags_of(unit.tx, name), relations.relations_of(unit.tx, name)),
        also=states_of(name, flag.project, after),
    )
    return variants


def _checked(drafts: Sequence[VariantDraft]) -> list[VariantData]:
    return checked_variants(drafts, "/body", overrides=True)
