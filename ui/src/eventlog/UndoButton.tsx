import { Button, Modal, TextInput } from '@mantine/core';
import { IconArrowBackUp } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { queryClient } from '../api/query-client';
import { useKeys } from '../app/shortcuts';
import { Can } from '../shared/Can';
import { ChangeList } from '../shared/diff/ChangeList';
import { changesOf } from '../shared/diff/changes';
import { failed, toast } from '../shared/toasts';
import type { LogEvent } from './model';
import { undoOf } from './undo';

/** Undoes a change: says first what that will do, asks why, and is an event itself. */
export function UndoButton({ event, onDone }: { event: LogEvent; onDone: () => void }) {
  const undo = useMemo(() => undoOf(event), [event]);
  const [asking, setAsking] = useState(false);
  const [reason, setReason] = useState('');
  const doing = useMutation({
    mutationFn: () => (undo ? undo.run(reason) : Promise.reject(new Error('There is nothing to undo.'))),
    onSuccess: (changed) => {
      setAsking(false);
      queryClient.invalidateQueries({ queryKey: ['flags'] });
      onDone();
      toast(changed.events ? `Undone: it is event #${changed.events}.` : 'Nothing changed: it is so already.');
    },
    onError: (error) => failed('Not undone', error),
  });
  useKeys(useMemo(() => ({ u: () => undo && setAsking(true) }), [undo]));
  if (!undo) return null;
  return (
    <>
      <Can need={undo.need}>
        <Button leftSection={<IconArrowBackUp size={14} />} onClick={() => setAsking(true)}>
          Undo this change
        </Button>
      </Can>
      <Modal
        opened={asking}
        onClose={() => setAsking(false)}
        title={`${undo.act}?`}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <form
          onSubmit={(submitted) => {
            submitted.preventDefault();
            doing.mutate();
          }}
        >
          {event.type === 'feature-strategy-update' && (
            <ChangeList changes={changesOf({ ...event, data: event.preData, preData: event.data })} empty="" />
          )}
          <TextInput
            label="Why"
            description="It will stand beside the event."
            value={reason}
            maxLength={1000}
            onChange={(typed) => setReason(typed.currentTarget.value)}
            data-autofocus
          />
          <div className="buttons">
            <Button onClick={() => setAsking(false)}>Keep it</Button>
            <Button type="submit" variant="filled" loading={doing.isPending}>
              Undo
            </Button>
          </div>
        </form>
      </Modal>
    </>
  );
}
