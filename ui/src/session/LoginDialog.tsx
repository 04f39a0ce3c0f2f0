import { Modal } from '@mantine/core';
import { LoginForm } from './LoginForm';

/** Cannot be closed but by logging in. */
export default function LoginDialog({ onDone }: { onDone: () => void }) {
  return (
    <Modal
      opened
      onClose={() => undefined}
      withCloseButton={false}
      closeOnEscape={false}
      closeOnClickOutside={false}
      title="Your session has ended"
      size="sm"
    >
      <p className="muted">Log in to go on where you were.</p>
      <LoginForm onDone={onDone} target={`${window.location.pathname}${window.location.search}`} />
    </Modal>
  );
}
