import { Button } from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { Can } from '../shared/Can';
import { Confirm } from '../shared/Confirm';
import { Stale } from '../shared/Meanwhile';
import { Page } from '../shared/Page';
import { ErrorState, Waiting } from '../shared/states';
import { Uses } from '../shared/Uses';
import { useChange } from '../shared/useChange';
import { type ContextField, contextFieldQuery, deleteContextField, fieldUsesQuery } from './api';
import { ContextFieldForm } from './ContextFieldForm';

const above = <Link to="/context">Context fields</Link>;

export function CreateContextFieldPage() {
  return (
    <Page title="Create a context field" above={above}>
      <ContextFieldForm />
    </Page>
  );
}

/** One field: its legal values, and which strategies ask for it. */
export function EditContextFieldPage() {
  const { name } = useParams({ from: '/shell/context/edit/$name' });
  const found = useQuery(contextFieldQuery(name));
  if (!found.data && found.isError) return <ErrorState error={found.error} retry={() => found.refetch()} />;
  if (!found.data)
    return (
      <Page title={name} above={above}>
        <Waiting />
      </Page>
    );
  return <Shown field={found.data} error={found.error} />;
}

function Shown({ field, error }: { field: ContextField; error: unknown }) {
  const uses = useQuery(fieldUsesQuery(field.name));
  const [deleting, setDeleting] = useState(false);
  const change = useChange('context-fields');
  const navigate = useNavigate();
  /** What is gone has no page: this one is left before it is asked for again. */
  const left = async <T,>(done: T) => {
    await navigate({ to: '/context' });
    return done;
  };
  const used = (uses.data?.length ?? 0) > 0;
  return (
    <Page
      title={field.name}
      above={above}
      actions={
        <Can need={{ permission: 'DELETE_CONTEXT_FIELD', project: field.project }}>
          <Button
            color="red"
            leftSection={<IconTrash size={15} />}
            disabled={used || !uses.data}
            title={used ? 'Strategies ask for it: take it out of them first' : undefined}
            onClick={() => setDeleting(true)}
          >
            Delete
          </Button>
        </Can>
      }
    >
      <Stale error={error} what="context field" />
      <ContextFieldForm key={field.name} field={field} />
      <Uses question={uses} none="No strategy asks for it." />
      {deleting && (
        <Confirm
          opened
          title={`Delete ${field.name}`}
          act="Delete context field"
          typed={field.name}
          busy={change.isPending}
          onClose={() => setDeleting(false)}
          onConfirm={() =>
            change.mutate({
              run: () => deleteContextField(field.name).then(left),
              done: `Deleted ${field.name}.`,
              not: 'Not deleted',
            })
          }
        >
          No strategy asks for it. The event log keeps what it was.
        </Confirm>
      )}
    </Page>
  );
}
