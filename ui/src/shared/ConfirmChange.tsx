import type { ReactNode } from 'react';
import { Confirm } from './Confirm';
import { type Act, useChange } from './useChange';

/** Asks before a change that is hard to take back, makes it, and closes when it is made. */
export function ConfirmChange({
  title,
  act,
  typed,
  slice,
  change,
  children,
  onClose,
}: {
  title: string;
  /** What the button says: the act itself. */
  act: string;
  /** A name that has to be typed. */
  typed?: string;
  /** Whose questions are asked again. */
  slice: string;
  change: Act;
  children?: ReactNode;
  onClose: () => void;
}) {
  const changing = useChange(slice);
  return (
    <Confirm
      opened
      title={title}
      act={act}
      {...(typed === undefined ? {} : { typed })}
      busy={changing.isPending}
      onClose={onClose}
      onConfirm={() => changing.mutate(change, { onSuccess: onClose })}
    >
      {children}
    </Confirm>
  );
}
