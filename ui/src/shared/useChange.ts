import { useMutation } from '@tanstack/react-query';
import type { Changed } from '../api/client';
import { queryClient } from '../api/query-client';
import { failed, toast } from './toasts';

/** A change, and what is to be said of it. */
export interface Act {
  run: () => Promise<Changed<unknown>>;
  /** When it is done: `Turned on in production.` */
  done: string;
  /** When it is not: `Not turned on`. */
  not: string;
  /** The way back. */
  undo?: () => Promise<Changed<unknown>>;
}

/** Runs changes: afterwards the slice and the log are asked again, and the reader is told, with a way back. */
export function useChange(slice: string) {
  const again = () =>
    Promise.all([slice, 'log'].map((key) => queryClient.invalidateQueries({ queryKey: [key] }))).then(() => undefined);
  return useMutation({
    mutationFn: (act: Act) => act.run(),
    onSuccess: async (_, { done, undo }) => {
      await again();
      toast(done, undo && (() => undo().then(again, (error) => failed('Not undone', error))));
    },
    onError: (error, { not }) => failed(not, error),
  });
}
