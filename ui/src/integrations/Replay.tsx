import { Button, Modal, Select, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { messageOf } from '../api/errors';
import { queryClient } from '../api/query-client';
import { several } from '../shared/time';
import { failed, toast } from '../shared/toasts';
import { type Delivery, deliveryCountQuery, replay } from './api';

const STATES: { value: Delivery['state']; label: string }[] = [
  { value: 'dead', label: 'that were given up' },
  { value: 'done', label: 'that were delivered' },
  { value: 'waiting', label: 'that are waiting' },
];

/** Sends the deliveries of a time once more; first it says how many they are. */
export function Replay({ id, onClose }: { id: number; onClose: () => void }) {
  const [state, setState] = useState<Delivery['state']>('dead');
  const [since, setSince] = useState('');
  const [to, setTo] = useState('');
  const span = { ...(since ? { from: utc(since) } : {}), ...(to ? { to: utc(to) } : {}) };
  const count = useQuery({ ...deliveryCountQuery(id, { state, ...span }), staleTime: 0 });
  const sending = useMutation({
    mutationFn: () => replay(id, { ...span, states: [state] }),
    onSuccess: ({ data }) => {
      queryClient.invalidateQueries({ queryKey: ['integrations'] });
      toast(`${several(data.replayed, 'event is', 'events are')} sent again.`);
      onClose();
    },
    onError: (error) => failed('Nothing was sent again', error),
  });
  return (
    <Modal opened onClose={onClose} title="Replay a range" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          sending.mutate();
        }}
      >
        <Select
          label="Deliveries"
          allowDeselect={false}
          data={STATES}
          value={state}
          onChange={(next) => next && setState(next as Delivery['state'])}
        />
        <TextInput
          mt="sm"
          type="datetime-local"
          label="Of events from"
          description="Empty: from the first one on"
          value={since}
          onChange={(event) => setSince(event.currentTarget.value)}
        />
        <TextInput
          mt="sm"
          type="datetime-local"
          label="Until"
          description="Empty: up to now"
          value={to}
          onChange={(event) => setTo(event.currentTarget.value)}
        />
        <p role="status">
          {count.isError
            ? messageOf(count.error)
            : count.data === undefined
              ? 'Counting…'
              : `${several(count.data, 'event')} will be sent once more, each with the message id that it had.`}
        </p>
        <div className="buttons">
          <Button onClick={onClose}>Close</Button>
          <Button type="submit" variant="filled" loading={sending.isPending} disabled={!count.data}>
            {count.data ? `Replay ${several(count.data, 'event')}` : 'Replay'}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

const utc = (local: string) => new Date(local).toISOString();
