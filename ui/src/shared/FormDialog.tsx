import { Alert, Button, Modal } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Changed } from '../api/client';
import { ApiError, messageOf } from '../api/errors';
import { queryClient } from '../api/query-client';
import styles from './FormDialog.module.css';
import { toast } from './toasts';

/** Gives what the server says of a field. */
export type About = (field: string) => string | undefined;

/** A form in a dialog: it is sent, and closes when it was taken; what is wrong is said beside its field, else above the buttons. */
export function FormDialog<T>({
  title,
  act,
  size,
  ready,
  keys,
  done,
  run,
  onDone,
  onClose,
  children,
}: {
  title: string;
  /** What the button says: the act itself. */
  act: string;
  /** Of the dialog, where it has to be wider. */
  size?: 'lg';
  ready: boolean;
  /** The slices whose questions are asked again. */
  keys: string[];
  /** Said when it is done. */
  done: string;
  run: () => Promise<Changed<T>>;
  /** Instead of closing. */
  onDone?: (data: T) => void;
  onClose: () => void;
  children: (about: About) => ReactNode;
}) {
  const sending = useMutation({
    mutationFn: run,
    onSuccess: async ({ data }) => {
      await Promise.all([...keys, 'log'].map((key) => queryClient.invalidateQueries({ queryKey: [key] })));
      toast(done);
      if (onDone) onDone(data);
      else onClose();
    },
  });
  const { error } = sending;
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      {...(size ? { size } : {})}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) sending.mutate();
        }}
      >
        {children((field) => (error instanceof ApiError ? error.about(field) : undefined))}
        {error && (
          <Alert color="red" variant="light" role="alert">
            {reasons(error)}
          </Alert>
        )}
        <div className="buttons">
          <Button onClick={onClose}>Close</Button>
          <Button type="submit" variant="filled" disabled={!ready} loading={sending.isPending}>
            {act}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

/** What is wrong: the message, and the details that say more than it. */
export function reasons(error: unknown): string {
  const details = error instanceof ApiError ? (error.body.details ?? []).map((each) => each.message) : [];
  return [...new Set([messageOf(error), ...details])].join(' ');
}
