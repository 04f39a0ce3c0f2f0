import { useEffect } from 'react';

/** Where a key is text and not a command. */
function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable]') !== null;
}

const OFF = 'flagkeeper:no-single-keys';

export const singleKeysOff = (): boolean => localStorage.getItem(OFF) === 'yes';
export function setSingleKeysOff(off: boolean): void {
  if (off) localStorage.setItem(OFF, 'yes');
  else localStorage.removeItem(OFF);
}

/**
 * Keys that do something on a page: `j`, `/`, or two after each other, `g e`. They rest while somebody types, while a
 * dialog is open, and when the reader has switched them off.
 */
export function useKeys(keys: Record<string, (event: KeyboardEvent) => void>): void {
  useEffect(() => {
    let first = '';
    let at = 0;
    function press(event: KeyboardEvent) {
      if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey) return;
      if (isTyping(event.target) || singleKeysOff() || document.querySelector('[role="dialog"]')) return;
      const pair = Date.now() - at < 1_000 ? `${first} ${event.key}` : event.key;
      const call = keys[pair] ?? keys[event.key];
      first = event.key;
      at = Date.now();
      if (!call) return;
      event.preventDefault();
      call(event);
    }
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, [keys]);
}
