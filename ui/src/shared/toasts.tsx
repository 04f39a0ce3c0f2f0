import { ApiError, messageOf } from '../api/errors';

let appear: () => void = () => undefined;

/** Calls once somebody has to be told something. */
export function onFirstToast(call: () => void): void {
  appear = call;
}

async function shown() {
  const { notifications } = await import('@mantine/notifications');
  appear();
  return notifications;
}

/** Says what was done, with a way back where there is one. */
export async function toast(message: string, undo?: () => void): Promise<void> {
  const notifications = await shown();
  const id = `toast-${Date.now()}-${Math.random()}`;
  notifications.show({
    id,
    message: (
      <span>
        {message}
        {undo && (
          <>
            {' '}
            <button
              type="button"
              className="link"
              onClick={() => {
                notifications.hide(id);
                undo();
              }}
            >
              Undo
            </button>
          </>
        )}
      </span>
    ),
    withBorder: true,
    autoClose: undo ? 10_000 : 5_000,
    closeButtonProps: { 'aria-label': 'Close' },
  });
}

/** Says what could not be done, and why. */
export async function failed(what: string, error: unknown): Promise<void> {
  if (error instanceof ApiError && error.status === 401) return; // the login dialog says so
  const notifications = await shown();
  notifications.show({
    title: what,
    message: messageOf(error),
    color: 'red',
    withBorder: true,
    autoClose: false,
    closeButtonProps: { 'aria-label': 'Close' },
  });
}
