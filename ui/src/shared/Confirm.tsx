import { Button, Modal, TextInput } from '@mantine/core';
import { type ReactNode, useState } from 'react';

/** Asks before something that is hard to take back. `typed`: a name that has to be typed. */
export function Confirm({
  opened,
  title,
  act,
  typed,
  busy = false,
  children,
  onClose,
  onConfirm,
}: {
  opened: boolean;
  title: string;
  /** What the button says: the act itself. */
  act: string;
  typed?: string;
  busy?: boolean;
  children?: ReactNode;
  onClose: () => void;
  onConfirm: () => void;
}) {
  const [text, setText] = useState('');
  const ready = typed === undefined || text === typed;
  return (
    <Modal opened={opened} onClose={onClose} title={title} closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) onConfirm();
        }}
      >
        {children}
        {typed !== undefined && (
          <TextInput
            mt="md"
            label={`Type ${typed} to go on`}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            autoComplete="off"
            data-autofocus
          />
        )}
        <div className="buttons">
          <Button onClick={onClose}>Keep</Button>
          <Button type="submit" variant="filled" color="red" disabled={!ready} loading={busy}>
            {act}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
