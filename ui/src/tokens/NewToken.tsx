import { MultiSelect, Select, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { environmentsQuery } from '../environments/api';
import { projectsQuery } from '../projects/api';
import { FormDialog } from '../shared/FormDialog';
import { createToken, type Token } from './api';
import { endOf, LIFETIMES } from './lifetimes';

const TYPES = [
  { value: 'client', label: 'Backend: for servers; it reads the whole configuration' },
  { value: 'frontend', label: 'Frontend: for browsers and phones; it reads answers only' },
];

export function NewToken({ onMade, onClose }: { onMade: (token: Token) => void; onClose: () => void }) {
  const environments = useQuery(environmentsQuery).data ?? [];
  const projects = useQuery(projectsQuery).data ?? [];
  const [tokenName, setTokenName] = useState('');
  const [type, setType] = useState('client');
  const [environment, setEnvironment] = useState('');
  const [of, setOf] = useState<string[]>([]);
  const [days, setDays] = useState('0');
  const at = environment || (environments.find((each) => each.enabled)?.name ?? '');
  return (
    <FormDialog
      title="Create an API token"
      act="Create token"
      ready={Boolean(tokenName.trim() && at)}
      keys={['tokens']}
      done={`Created the token ${tokenName.trim()}.`}
      run={() =>
        createToken({
          tokenName: tokenName.trim(),
          type,
          environment: at,
          projects: of.length ? of : ['*'],
          expiresAt: endOf(days),
        })
      }
      onDone={onMade}
      onClose={onClose}
    >
      {(about) => (
        <>
          <TextInput
            label="Name"
            description="Which application it is for"
            value={tokenName}
            error={about('tokenName')}
            onChange={(event) => setTokenName(event.currentTarget.value)}
            autoComplete="off"
            data-autofocus
          />
          <Select
            label="Type"
            allowDeselect={false}
            data={TYPES}
            value={type}
            onChange={(next) => next && setType(next)}
          />
          <Select
            label="Environment"
            allowDeselect={false}
            data={environments.filter((each) => each.enabled).map((each) => each.name)}
            value={at}
            error={about('environment')}
            onChange={(next) => next && setEnvironment(next)}
          />
          <MultiSelect
            label="Projects"
            placeholder={of.length ? '' : 'All projects'}
            searchable
            data={projects.map((each) => ({ value: each.id, label: each.name }))}
            value={of}
            error={about('projects')}
            onChange={setOf}
          />
          <Select
            label="Expires"
            allowDeselect={false}
            data={[{ value: '0', label: 'never' }, ...LIFETIMES]}
            value={days}
            onChange={(next) => next && setDays(next)}
          />
        </>
      )}
    </FormDialog>
  );
}
