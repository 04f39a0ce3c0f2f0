import { Alert, Button, Checkbox, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { ApiError, messageOf } from '../api/errors';
import { queryClient } from '../api/query-client';
import { Can } from '../shared/Can';
import { toast } from '../shared/toasts';
import { createIntegration, type Integration, type IntegrationBody, type Provider, updateIntegration } from './api';
import styles from './Integrations.module.css';
import { bodyOf, problemOf, sentBody } from './model';
import { ParameterField } from './ParameterField';
import { Reach } from './Reach';

/** An integration as a form, drawn from what its provider says of itself. */
export function IntegrationForm({
  provider,
  integration,
  beside,
  onSaved,
}: {
  provider: Provider;
  /** Undefined: a new one. */
  integration?: Integration;
  /** More buttons. */
  beside?: ReactNode;
  onSaved: (saved: Integration) => void;
}) {
  const [draft, setDraft] = useState<IntegrationBody>(() => bodyOf(provider, integration));
  const set = (part: Partial<IntegrationBody>) => setDraft((old) => ({ ...old, ...part }));
  const saving = useMutation({
    mutationFn: () =>
      integration ? updateIntegration(integration.id, sentBody(draft)) : createIntegration(sentBody(draft)),
    onSuccess: async ({ data }) => {
      await Promise.all(
        ['integrations', 'tags', 'log'].map((key) => queryClient.invalidateQueries({ queryKey: [key] })),
      );
      toast(integration ? 'Saved.' : `${provider.displayName} is set up.`);
      setDraft(bodyOf(provider, data));
      onSaved(data);
    },
  });
  const problem = problemOf(draft, provider);
  const about = (field: string) => (saving.error instanceof ApiError ? saving.error.about(field) : undefined);
  return (
    <form
      className={styles.form}
      aria-label={provider.displayName}
      onSubmit={(event) => {
        event.preventDefault();
        if (!problem) saving.mutate();
      }}
    >
      {provider.howTo && <p className="muted">{provider.howTo}</p>}
      {provider.installation && (
        <p>
          <a className="link" href={provider.installation.url} target="_blank" rel="noopener noreferrer">
            {provider.installation.title}
          </a>{' '}
          {provider.installation.helpText}
        </p>
      )}
      {provider.alerts?.map((each) => (
        <Alert key={each.text} color={each.type === 'error' ? 'red' : 'gray'} variant="light">
          {each.text}
        </Alert>
      ))}
      <TextInput
        label="Description"
        description="How it is called in lists"
        value={draft.description ?? ''}
        error={about('description')}
        onChange={(event) => set({ description: event.currentTarget.value })}
      />
      {provider.parameters.map((parameter) => (
        <ParameterField
          key={parameter.name}
          parameter={parameter}
          value={String(draft.parameters[parameter.name] ?? '')}
          error={about(parameter.name)}
          onChange={(value) => set({ parameters: { ...draft.parameters, [parameter.name]: value } })}
        />
      ))}
      <Reach provider={provider} value={draft} onChange={set} />
      <Checkbox
        label="On: events are sent"
        checked={draft.enabled}
        onChange={(event) => set({ enabled: event.currentTarget.checked })}
      />
      {saving.isError && (
        <Alert color="red" variant="light" role="alert" title="Not saved">
          {messageOf(saving.error)}
        </Alert>
      )}
      <div className={styles.foot}>
        <Can need={{ permission: integration ? 'UPDATE_ADDON' : 'CREATE_ADDON' }}>
          <Button type="submit" variant="filled" loading={saving.isPending} disabled={problem !== null}>
            {integration ? 'Save integration' : 'Set up'}
          </Button>
        </Can>
        {beside}
        {problem && <span className="hint">{problem}</span>}
      </div>
    </form>
  );
}
