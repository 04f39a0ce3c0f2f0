import { useEffect } from 'react';
import { queryClient } from '../api/query-client';
import { streamPath } from '../eventlog/api';

const CHANNEL = 'flagkeeper:changed';
const PACE = 1_000;
const AGAIN = 10_000;

/** What a list of events, an answer or a form holds, and changes only when its reader wants it to. */
const RESTS = new Set(['events', 'counts', 'event']);
const concerned = ([slice, part]: readonly unknown[]) =>
  slice !== 'event-types' && slice !== 'playground' && !(slice === 'log' && RESTS.has(String(part)));

let due: ReturnType<typeof setTimeout> | undefined;
let asked = 0;

/** Asks again for what is on the page: at once, and then once a second at most. */
function changed() {
  if (due) return;
  due = setTimeout(
    () => {
      due = undefined;
      asked = Date.now();
      queryClient.invalidateQueries({ predicate: (query) => concerned(query.queryKey) });
    },
    Math.max(0, asked + PACE - Date.now()),
  );
}

/** Follows the log until it is told to end, and calls for each change. A refusal is tried again, seldom. */
function listen(onChange: () => void, signal: AbortSignal): void {
  let again: ReturnType<typeof setTimeout> | undefined;
  let source: EventSource | undefined;
  function open() {
    source = new EventSource(streamPath(''));
    source.onmessage = onChange;
    source.addEventListener('reset', onChange);
    // Who one is has changed: what one may do is asked for again, and the stream begins anew with it.
    source.addEventListener('end', () => {
      source?.close();
      onChange();
      again = setTimeout(open, PACE);
    });
    source.onerror = () => {
      if (source?.readyState === EventSource.CLOSED) again = setTimeout(open, AGAIN);
    };
  }
  open();
  signal.addEventListener('abort', () => {
    clearTimeout(again);
    source?.close();
  });
}

/**
 * Shows what others change while a page is looked at.
 *
 * A browser has six connections to a server, so one of its visible windows follows the log and tells the others.
 * Browsers give that choice (Web Locks) to secure addresses only: elsewhere each visible window follows by itself.
 */
export function useFollowing(): void {
  useEffect(() => {
    const others = new BroadcastChannel(CHANNEL);
    others.onmessage = changed;
    const tell = () => {
      changed();
      others.postMessage('changed');
    };
    let looking: AbortController | undefined;
    function look() {
      if (document.hidden) {
        looking?.abort();
        looking = undefined;
      } else if (!looking) {
        looking = new AbortController();
        follow(tell, looking.signal);
      }
    }
    look();
    document.addEventListener('visibilitychange', look);
    return () => {
      document.removeEventListener('visibilitychange', look);
      looking?.abort();
      others.close();
    };
  }, []);
}

function follow(tell: () => void, signal: AbortSignal): void {
  if (!navigator.locks) {
    listen(tell, signal);
    return;
  }
  navigator.locks
    .request(CHANNEL, { signal }, () => {
      listen(tell, signal);
      // What happened while no window followed is asked for now.
      changed();
      return new Promise<void>((done) => signal.addEventListener('abort', () => done()));
    })
    .catch((error) => {
      if (!signal.aborted) throw error;
    });
}
