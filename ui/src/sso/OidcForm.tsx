import { Alert, Button, Checkbox, PasswordInput, Select, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { rolesQuery } from '../access/api';
import { basePath } from '../api/client';
import { ApiError } from '../api/errors';
import { queryClient } from '../api/query-client';
import { ChangeSummary } from '../shared/ChangeSummary';
import { Code } from '../shared/Code';
import { reasons } from '../shared/FormDialog';
import { MeanwhileNote, useMeanwhile } from '../shared/Meanwhile';
import { toast } from '../shared/toasts';
import { type Oidc, setOidc } from './api';
import styles from './Oidc.module.css';

type Texts = 'discoverUrl' | 'clientId' | 'emailDomains' | 'acrValues' | 'groupJsonPath';
type Switches = 'enabled' | 'enablePkce' | 'autoCreate' | 'enableGroupSyncing' | 'addGroupsScope';

/** What single sign-on by OpenID Connect is set to. The secret never comes back from the server: empty keeps it. */
export function OidcForm({ stored }: { stored: Oidc }) {
  const [draft, setDraft] = useState(stored);
  const [secret, setSecret] = useState('');
  const roles = useQuery(rolesQuery).data?.filter((each) => each.type.startsWith('root')) ?? [];
  const meanwhile = useMeanwhile(stored, draft);
  const saving = useMutation({
    mutationFn: () => setOidc(bodyOf(draft, secret)),
    onSuccess: async ({ data }) => {
      setDraft(data);
      setSecret('');
      await Promise.all(['sso', 'session', 'log'].map((key) => queryClient.invalidateQueries({ queryKey: [key] })));
      toast('Saved how people log in.');
    },
  });
  const { error } = saving;
  const about = (field: string) => (error instanceof ApiError ? error.about(field) : undefined);
  const set = (next: Partial<Oidc>) => setDraft((old) => ({ ...old, ...next }));
  const text = (name: Texts, label: string, description?: string) => (
    <TextInput
      label={label}
      description={description}
      value={draft[name]}
      error={about(name)}
      onChange={(event) => set({ [name]: event.currentTarget.value })}
      autoComplete="off"
      spellCheck={false}
    />
  );
  const box = (name: Switches, label: string, description?: string) => (
    <Checkbox
      label={label}
      description={description}
      checked={draft[name]}
      onChange={(event) => set({ [name]: event.currentTarget.checked })}
    />
  );
  return (
    <form
      className={styles.form}
      aria-labelledby="oidc"
      onSubmit={(event) => {
        event.preventDefault();
        saving.mutate();
      }}
    >
      <h2 id="oidc" className={styles.title}>
        OpenID Connect
      </h2>
      <MeanwhileNote of={meanwhile} type="setting-updated" what="setting" onTake={setDraft} />
      <div>
        <p className="hint">Tell the provider that people come back here:</p>
        <Code label="Address to come back to" text={`${window.location.origin}${basePath}/auth/oidc/callback`} />
      </div>
      {box('enabled', 'People can log in by OpenID Connect')}
      {text('discoverUrl', 'Discovery address', 'https://provider/.well-known/openid-configuration')}
      {text('clientId', 'Client id')}
      <PasswordInput
        label="Client secret"
        description={stored.secret ? 'One is stored. Empty keeps it.' : 'None is stored.'}
        value={secret}
        error={about('secret')}
        autoComplete="new-password"
        visibilityToggleButtonProps={{ 'aria-label': 'Show the secret' }}
        onChange={(event) => setSecret(event.currentTarget.value)}
      />
      <Select
        label="Signed with"
        allowDeselect={false}
        data={['RS256', 'RS384', 'RS512']}
        value={draft.idTokenSigningAlgorithm}
        onChange={(next) => next && set({ idTokenSigningAlgorithm: next as Oidc['idTokenSigningAlgorithm'] })}
      />
      {box('enablePkce', 'Use PKCE')}
      {text('acrValues', 'ACR values', 'How strongly people have to prove who they are; empty: as the provider likes')}
      {box('autoCreate', 'Make a user of whoever logs in for the first time')}
      {draft.autoCreate && (
        <>
          <Select
            label="Their role"
            allowDeselect={false}
            data={roles.map((each) => ({ value: String(each.id), label: each.name }))}
            value={String(draft.defaultRootRoleId)}
            error={about('defaultRootRoleId')}
            onChange={(next) => next && set({ defaultRootRoleId: Number(next) })}
          />
          {text('emailDomains', 'Only with an address at', 'Domains with commas; empty: any')}
        </>
      )}
      {box('enableGroupSyncing', 'Put people into groups as the provider says')}
      {draft.enableGroupSyncing && (
        <>
          {text('groupJsonPath', 'Where the groups are', 'A path into the claims, such as groups')}
          {box('addGroupsScope', 'Ask for the scope "groups"')}
        </>
      )}
      <ChangeSummary type="setting-updated" before={stored} after={draft} />
      {error && (
        <Alert color="red" variant="light" role="alert">
          {reasons(error)}
        </Alert>
      )}
      <div className="buttons">
        <Button type="submit" variant="filled" loading={saving.isPending}>
          Save
        </Button>
      </div>
    </form>
  );
}

function bodyOf(draft: Oidc, secret: string) {
  const { defaultRootRole: _, secret: __, enableSingleSignOut: ___, ...body } = draft;
  return { ...body, ...(secret ? { secret } : {}) };
}
