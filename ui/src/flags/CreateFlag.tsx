import { Button, Modal, SegmentedControl, Select, Switch, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { basePath } from '../api/client';
import { ApiError, messageOf } from '../api/errors';
import { queryClient } from '../api/query-client';
import { projectsQuery } from '../projects/api';
import { Code } from '../shared/Code';
import { createFlag, flagTypesQuery } from './api';
import styles from './CreateFlag.module.css';
import { snippets } from './model';

/** Creates a flag, then shows how an application reads it. */
export function CreateFlag({ project, onClose }: { project?: string | undefined; onClose: () => void }) {
  const projects = useQuery({ ...projectsQuery, enabled: project === undefined }).data ?? [];
  const types = useQuery(flagTypesQuery).data ?? [];
  const [where, setWhere] = useState(project ?? 'default');
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const [type, setType] = useState('release');
  const [impressionData, setImpressionData] = useState(false);
  const create = useMutation({
    mutationFn: () =>
      createFlag(where, { name: name.trim(), description: description.trim() || null, type, impressionData }),
    onSuccess: () => {
      queryClient.invalidateQueries({ queryKey: ['flags'] });
      queryClient.invalidateQueries({ queryKey: ['log'] });
    },
  });
  const about = (field: string) => (create.error instanceof ApiError ? create.error.about(field) : undefined);
  const nameError = about('name') ?? (create.error ? messageOf(create.error) : undefined);
  return (
    // One dialog for both: between two, what is typed would go nowhere.
    <Modal
      opened
      onClose={onClose}
      title={create.isSuccess ? `${name.trim()} is there` : 'Create a flag'}
      size={create.isSuccess ? 'lg' : 'md'}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {create.isSuccess ? (
        <Created project={where} name={name.trim()} onClose={onClose} />
      ) : (
        <form
          className={styles.form}
          onSubmit={(event) => {
            event.preventDefault();
            create.mutate();
          }}
        >
          <TextInput
            label="Name"
            description="As the code will ask for it. It cannot be changed later."
            value={name}
            error={nameError}
            onChange={(event) => setName(event.currentTarget.value)}
            autoComplete="off"
            spellCheck={false}
            data-autofocus
            required
            withAsterisk={false}
          />
          <Textarea
            label="Description"
            autosize
            minRows={2}
            value={description}
            onChange={(event) => setDescription(event.currentTarget.value)}
          />
          {project === undefined && projects.length > 1 && (
            <Select
              label="Project"
              allowDeselect={false}
              searchable
              data={projects.map((each) => ({ value: each.id, label: each.name }))}
              value={where}
              onChange={(value) => setWhere(value ?? 'default')}
            />
          )}
          <Select
            label="Type"
            description={types.find((each) => each.id === type)?.description}
            allowDeselect={false}
            data={types.map((each) => ({ value: each.id, label: each.name }))}
            value={type}
            onChange={(value) => setType(value ?? 'release')}
          />
          <Switch
            label="Impression data: SDKs say each time that it is read"
            checked={impressionData}
            onChange={(event) => setImpressionData(event.currentTarget.checked)}
          />
          <div className="buttons">
            <Button onClick={onClose}>Close</Button>
            <Button type="submit" variant="filled" loading={create.isPending} disabled={!name.trim()}>
              Create flag
            </Button>
          </div>
        </form>
      )}
    </Modal>
  );
}

const focus = (element: HTMLElement | null) => element?.focus();

function Created({ project, name, onClose }: { project: string; name: string; onClose: () => void }) {
  const codes = snippets(name, `${window.location.origin}${basePath}`);
  const [sdk, setSdk] = useState('Python');
  return (
    <>
      <p>
        It is off everywhere until somebody turns it on. An application reads it so, with a token of its environment:
      </p>
      <SegmentedControl size="xs" aria-label="SDK" data={Object.keys(codes)} value={sdk} onChange={setSdk} />
      <Code label={`Code for ${sdk}`} text={codes[sdk] ?? ''} />
      <div className="buttons">
        <Button onClick={onClose}>Close</Button>
        <Button
          variant="filled"
          component={Link}
          to={`/projects/${encodeURIComponent(project)}/features/${encodeURIComponent(name)}`}
          ref={focus}
        >
          Open the flag
        </Button>
      </div>
    </>
  );
}
