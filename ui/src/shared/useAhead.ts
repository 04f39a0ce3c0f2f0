import { useState } from 'react';

/**
 * What the address says, and what it was told to say since: two clicks that follow each other fast both count, and a
 * tick is there at once, however long the page takes to follow its address.
 */
export function useAhead(told: string): [string, (next: string) => void] {
  const [state, setState] = useState<{ told: string; waiting: string[] }>({ told, waiting: [] });
  // An address that nobody here asked for (a way back) counts more than all that waits.
  if (state.told !== told) setState({ told, waiting: after(state.waiting, told) });
  const ahead = (next: string) => setState((old) => ({ ...old, waiting: [...old.waiting, next] }));
  return [state.waiting.at(-1) ?? told, ahead];
}

const after = (waiting: string[], told: string): string[] => {
  const at = waiting.indexOf(told);
  return at < 0 ? [] : waiting.slice(at + 1);
};
