import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { strategyTypesQuery } from '../flags/api';
import { Can } from '../shared/Can';
import { Chip } from '../shared/Chip';
import { ConfirmChange } from '../shared/ConfirmChange';
import { ListPage } from '../shared/ListPage';
import table from '../shared/table.module.css';
import { useChange } from '../shared/useChange';
import { deleteStrategyType, type StrategyType, setDeprecated } from './api';
import { StrategyTypeForm } from './StrategyTypeForm';

/** Kinds of strategies: those that every SDK knows, and one's own, which an application has to bring. */
export function StrategiesPage() {
  const found = useQuery(strategyTypesQuery);
  const [editing, setEditing] = useState<StrategyType | 'new' | null>(null);
  const [deleting, setDeleting] = useState<StrategyType | null>(null);
  const change = useChange('strategies');
  return (
    <ListPage
      title="Strategy types"
      noun="strategy type"
      below="SDKs know the built-in ones. One of your own works where the application registers code for it."
      actions={
        <Can need={{ permission: 'CREATE_STRATEGY' }}>
          <Button variant="filled" leftSection={<IconPlus size={15} />} onClick={() => setEditing('new')}>
            Create strategy type
          </Button>
        </Can>
      }
      question={found}
      rows={found.data}
      columns={['Name', 'Description', 'Parameters', 'more']}
      text={(each) => `${each.title ?? ''} ${each.name} ${each.description ?? ''}`}
      row={(each) => (
        <tr key={each.name}>
          <th scope="row">
            {each.title || each.displayName || each.name} {each.title !== each.name && <code>{each.name}</code>}{' '}
            {!each.editable && <Chip>built in</Chip>} {each.deprecated && <Chip tone="warning">deprecated</Chip>}
          </th>
          <td>{each.description}</td>
          <td>{each.parameters.map(({ name }) => name).join(', ')}</td>
          <td className={table.number}>
            <Acts
              type={each}
              onEdit={() => setEditing(each)}
              onDelete={() => setDeleting(each)}
              onDeprecate={(deprecated) =>
                change.mutate({
                  run: () => setDeprecated(each.name, deprecated),
                  done: `${each.name} is ${deprecated ? 'deprecated' : 'offered again'}.`,
                  not: 'Not changed',
                  undo: () => setDeprecated(each.name, !deprecated),
                })
              }
            />
          </td>
        </tr>
      )}
    >
      {editing && <StrategyTypeForm known={editing === 'new' ? null : editing} onClose={() => setEditing(null)} />}
      {deleting && (
        <ConfirmChange
          title={`Delete the strategy type ${deleting.name}`}
          act="Delete strategy type"
          typed={deleting.name}
          slice="strategies"
          change={{
            run: () => deleteStrategyType(deleting.name),
            done: `Deleted ${deleting.name}.`,
            not: 'Not deleted',
          }}
          onClose={() => setDeleting(null)}
        >
          The server refuses this while a flag uses it.
        </ConfirmChange>
      )}
    </ListPage>
  );
}

function Acts({
  type,
  onEdit,
  onDelete,
  onDeprecate,
}: {
  type: StrategyType;
  onEdit: () => void;
  onDelete: () => void;
  onDeprecate: (deprecated: boolean) => void;
}) {
  const need = { permission: 'UPDATE_STRATEGY' };
  return (
    <>
      {type.name !== 'default' && (
        <Can need={need}>
          <Button
            size="compact-xs"
            aria-label={`${type.deprecated ? 'Offer again:' : 'Deprecate'} ${type.name}`}
            onClick={() => onDeprecate(!type.deprecated)}
          >
            {type.deprecated ? 'Offer again' : 'Deprecate'}
          </Button>
        </Can>
      )}{' '}
      {type.editable && (
        <>
          <Can need={need}>
            <Button size="compact-xs" aria-label={`Change ${type.name}`} onClick={onEdit}>
              Change
            </Button>
          </Can>{' '}
          <Can need={{ permission: 'DELETE_STRATEGY' }}>
            <Button size="compact-xs" color="red" aria-label={`Delete ${type.name}`} onClick={onDelete}>
              Delete
            </Button>
          </Can>
        </>
      )}
    </>
  );
}
