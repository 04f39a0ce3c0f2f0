import { ActionIcon, MultiSelect, Select } from '@mantine/core';
import { IconPencil, IconX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { Can } from '../shared/Can';
import { FormDialog } from '../shared/FormDialog';
import { Pieces } from '../shared/Pieces';
import { useChange } from '../shared/useChange';
import { type Dependency, dependNoMore, dependOn, type Flag, parentsQuery, parentVariantsQuery } from './api';
import { dependencySentence } from './model';
import { RelationHead } from './RelationHead';
import styles from './Relations.module.css';

/** What a flag asks of other flags, as sentences, and which flags ask for it. */
export function Dependencies({ flag }: { flag: Flag }) {
  const change = useChange('flags');
  const [editing, setEditing] = useState<Dependency | 'new' | null>(null);
  const need = { permission: 'UPDATE_FEATURE_DEPENDENCY', project: flag.project };
  return (
    <section aria-label="Dependencies">
      <RelationHead
        title="Dependencies"
        noun="Dependency"
        need={need}
        onAdd={flag.children.length === 0 ? () => setEditing('new') : undefined}
      />
      <ul className={styles.list}>
        {flag.dependencies.map((dependency) => (
          <li key={dependency.feature}>
            <Link
              to="/projects/$projectId/features/$featureName"
              params={{ projectId: flag.project, featureName: dependency.feature }}
              className={styles.text}
            >
              <Pieces of={dependencySentence(dependency)} />
            </Link>
            <Can need={need}>
              <ActionIcon
                aria-label={`Edit the dependency on ${dependency.feature}`}
                onClick={() => setEditing(dependency)}
              >
                <IconPencil size={13} />
              </ActionIcon>
            </Can>
            <Can need={need}>
              <ActionIcon
                aria-label={`Remove the dependency on ${dependency.feature}`}
                onClick={() =>
                  change.mutate({
                    run: () => dependNoMore(flag, dependency.feature),
                    done: `${flag.name} no longer depends on ${dependency.feature}.`,
                    not: 'Not removed',
                    undo: () => dependOn(flag, dependency),
                  })
                }
              >
                <IconX size={13} />
              </ActionIcon>
            </Can>
          </li>
        ))}
      </ul>
      {flag.children.length > 0 && (
        <p className={styles.none}>
          {flag.children.map((child, at) => (
            <span key={child}>
              {at > 0 && ', '}
              <Link
                to="/projects/$projectId/features/$featureName"
                params={{ projectId: flag.project, featureName: child }}
                className="link"
              >
                {child}
              </Link>
            </span>
          ))}{' '}
          {flag.children.length === 1 ? 'depends' : 'depend'} on it.
        </p>
      )}
      {!flag.children.length && !flag.dependencies.length && (
        <p className={styles.none}>It depends on no other flag.</p>
      )}
      {editing && (
        <EditDependency flag={flag} dependency={editing === 'new' ? null : editing} onClose={() => setEditing(null)} />
      )}
    </section>
  );
}

type Wanted = 'on' | 'off' | 'variants';

const wantedOf = (dependency: Dependency | null): Wanted =>
  dependency === null ? 'on' : !dependency.enabled ? 'off' : dependency.variants.length ? 'variants' : 'on';

function EditDependency({
  flag,
  dependency,
  onClose,
}: {
  flag: Flag;
  /** null: a new one. */
  dependency: Dependency | null;
  onClose: () => void;
}) {
  const [parent, setParent] = useState(dependency?.feature ?? '');
  const [wanted, setWanted] = useState<Wanted>(wantedOf(dependency));
  const [variants, setVariants] = useState(dependency?.variants ?? []);
  const parents = useQuery(parentsQuery(flag));
  const offered = useQuery(parentVariantsQuery(flag.project, parent));
  const own = flag.dependencies.map((each) => each.feature);
  const choice = dependency ? [parent] : (parents.data ?? []).filter((each) => !own.includes(each));
  const named = [...new Set([...(offered.data ?? []), ...variants])];
  return (
    <FormDialog
      title={dependency ? `How ${flag.name} depends on ${parent}` : `What ${flag.name} depends on`}
      act={dependency ? 'Save dependency' : 'Add dependency'}
      ready={parent !== '' && (wanted !== 'variants' || variants.length > 0)}
      keys={['flags']}
      done={`${flag.name} depends on ${parent}.`}
      run={() =>
        dependOn(flag, {
          feature: parent,
          enabled: wanted !== 'off',
          variants: wanted === 'variants' ? variants : [],
        })
      }
      onClose={onClose}
    >
      {(about) => (
        <>
          <Select
            label="Parent flag"
            description="A flag of this project that depends on none itself."
            searchable
            allowDeselect={false}
            disabled={dependency !== null}
            data={choice}
            nothingFoundMessage={parents.isError ? 'The flags could not be asked.' : 'No such flag.'}
            value={parent || null}
            error={about('feature')}
            onChange={(next) => {
              setParent(next ?? '');
              setVariants([]);
            }}
          />
          <Select
            label="Must be"
            allowDeselect={false}
            data={[
              { value: 'on', label: 'on' },
              { value: 'off', label: 'off' },
              { value: 'variants', label: 'on, with one of some variants' },
            ]}
            value={wanted}
            onChange={(next) => setWanted((next ?? 'on') as Wanted)}
          />
          {wanted === 'variants' && (
            <MultiSelect
              label="Variants"
              data={named}
              value={variants}
              onChange={setVariants}
              nothingFoundMessage="The parent has no variants."
              error={about('variants')}
            />
          )}
        </>
      )}
    </FormDialog>
  );
}
