import { Button, Modal } from '@mantine/core';
import type { ReactNode } from 'react';
import { Code } from './Code';
import { toast } from './toasts';

/** A secret, shown this once. Only "I have stored it" closes it: neither Escape nor a click beside it. */
export function Secret({
  title,
  secret,
  children,
  onStored,
}: {
  title: string;
  secret: string;
  children?: ReactNode;
  onStored: () => void;
}) {
  return (
    <Modal
      opened
      onClose={() => undefined}
      withCloseButton={false}
      closeOnEscape={false}
      closeOnClickOutside={false}
      title={title}
      size="lg"
    >
      <p>It is shown this once: the server keeps no copy that anybody could read.</p>
      <Code label={title} text={secret} />
      {children && <p className="muted">{children}</p>}
      <div className="buttons">
        <Button
          onClick={async () => {
            await navigator.clipboard.writeText(secret);
            toast('Copied.');
          }}
          disabled={!navigator.clipboard}
        >
          Copy
        </Button>
        <Button variant="filled" onClick={onStored} data-autofocus>
          I have stored it
        </Button>
      </div>
    </Modal>
  );
}
