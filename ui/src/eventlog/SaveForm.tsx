import { Button, Checkbox, Modal, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiError, messageOf } from '../api/errors';
import { queryClient } from '../api/query-client';
import { toast } from '../shared/toasts';
import { saveSearch } from './api';

/** Keeps a query under a name. */
export default function SaveForm({ q, onClose }: { q: string; onClose: () => void }) {
  const [name, setName] = useState('');
  const [shared, setShared] = useState(false);
  const save = useMutation({
    mutationFn: () => saveSearch({ name, query: q, shared }),
    onSuccess: () => {
      queryClient.invalidateQueries({ queryKey: ['log'] });
      toast(`Saved ${name}.`);
      onClose();
    },
  });
  const error = save.error instanceof ApiError ? (save.error.about('name') ?? messageOf(save.error)) : undefined;
  return (
    <Modal opened onClose={onClose} title="Save this query" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <p>
          <code>{q}</code>
        </p>
        <TextInput
          label="Name"
          value={name}
          error={error}
          onChange={(event) => setName(event.currentTarget.value)}
          data-autofocus
          required
          withAsterisk={false}
        />
        <Checkbox
          mt="sm"
          label="Everybody may use it"
          checked={shared}
          onChange={(event) => setShared(event.currentTarget.checked)}
        />
        <div className="buttons">
          <Button onClick={onClose}>Close</Button>
          <Button type="submit" variant="filled" loading={save.isPending}>
            Save
          </Button>
        </div>
      </form>
    </Modal>
  );
}
