import { Button } from '@mantine/core';
import { useCallback, useEffect, useRef, useState } from 'react';
import { queryClient } from '../api/query-client';
import { streamPath } from './api';
import styles from './live.module.css';
import type { RowEvent } from './model';
import { without } from './query';

/** A log that is followed. */
export interface Live {
  on: boolean;
  /** Whether what comes waits, because the reader has scrolled away from the top. */
  paused: boolean;
  /** What has come and is in the list, newest first. */
  shown: RowEvent[];
  /** How many have come and wait. */
  waiting: number;
  /** The ids that came a moment ago. */
  fresh: ReadonlySet<number>;
  /** What the reader has to know: that it began anew, or ended. */
  said: string;
  toggle: () => void;
  showWaiting: () => void;
  setAtTop: (top: boolean) => void;
}

const NONE: ReadonlySet<number> = new Set();
const MOST = 1_000;

/**
 * Follows what a query finds, from the moment that it is switched on. The stream rests while nobody sees the page: a
 * browser has six connections to a server, and several windows share them.
 */
export function useLive(q: string): Live {
  const [on, setOn] = useState(false);
  const [shown, setShown] = useState<RowEvent[]>([]);
  const [waiting, setWaiting] = useState<RowEvent[]>([]);
  const [fresh, setFresh] = useState(NONE);
  const [said, setSaid] = useState('');
  const [top, setTop] = useState(true);
  const atTop = useRef(true);
  const last = useRef<string>('');

  useEffect(() => {
    setShown([]);
    setWaiting([]);
    last.current = '';
    if (!on) return;
    const query = without(q, 'since', 'until');
    let source: EventSource | undefined;
    function open() {
      if (source || document.hidden) return;
      const path = streamPath(query);
      source = new EventSource(last.current ? `${path}&lastEventId=${last.current}` : path);
      source.onopen = () => {
        // What happened after the list was asked for and before this began would be missing between the two.
        if (last.current) return;
        for (const part of ['events', 'counts']) queryClient.invalidateQueries({ queryKey: ['log', part] });
      };
      source.onmessage = (message: MessageEvent<string>) => {
        last.current = message.lastEventId;
        const event = JSON.parse(message.data) as RowEvent;
        if (atTop.current) {
          setShown((old) => [event, ...old].slice(0, MOST));
          setFresh((old) => new Set([...old, event.id]));
          setTimeout(() => setFresh((old) => new Set([...old].filter((id) => id !== event.id))), 2_400);
        } else setWaiting((old) => [event, ...old].slice(0, MOST));
        queryClient.invalidateQueries({ queryKey: ['log', 'timeline'] });
      };
      source.onerror = () => {
        // While it is connecting again there is nothing to say; closed means that the server has refused.
        if (source?.readyState !== EventSource.CLOSED) return;
        setSaid('The server refused a live view: too many are open. Switch it on again later.');
        setOn(false);
      };
      source.addEventListener('reset', () => {
        setSaid('The log was replaced by a backup: it is shown from now on.');
        queryClient.invalidateQueries({ queryKey: ['log'] });
      });
      source.addEventListener('end', () => {
        setSaid('The server ended the live view: who you are has changed.');
        setOn(false);
      });
    }
    function close() {
      source?.close();
      source = undefined;
    }
    function seen() {
      if (document.hidden) close();
      else open();
    }
    open();
    document.addEventListener('visibilitychange', seen);
    return () => {
      document.removeEventListener('visibilitychange', seen);
      close();
    };
  }, [on, q]);

  const showWaiting = useCallback(() => {
    setWaiting((came) => {
      setShown((old) => [...came, ...old].slice(0, MOST));
      return [];
    });
    document.querySelector('[data-rows]')?.scrollTo({ top: 0 });
  }, []);
  const setAtTop = useCallback((now: boolean) => {
    atTop.current = now;
    setTop(now);
  }, []);
  const toggle = useCallback(() => {
    setSaid('');
    setOn((was) => !was);
  }, []);
  return {
    on,
    paused: on && !top,
    shown,
    waiting: waiting.length,
    fresh,
    said,
    toggle,
    showWaiting,
    setAtTop,
  };
}

export function LiveButton({ live }: { live: Live }) {
  return (
    <Button
      aria-pressed={live.on}
      onClick={live.toggle}
      leftSection={<span className={live.on ? (live.paused ? styles.paused : styles.on) : styles.off} />}
    >
      {live.paused ? 'Paused while you read' : 'Live'}
    </Button>
  );
}
