import { Button, Menu } from '@mantine/core';
import { useState } from 'react';
import type { Changed } from '../api/client';
import { Confirm } from '../shared/Confirm';
import { several } from '../shared/time';
import { useChange } from '../shared/useChange';
import { archiveFlags, type ListedFlag, markStale, reviveFlags, switchFlags } from './api';
import styles from './BulkBar.module.css';

/** What can be done with several flags at once; they may be of several projects. */
export function BulkBar({ flags, onDone }: { flags: ListedFlag[]; onDone: () => void }) {
  const change = useChange('flags');
  const [archiving, setArchiving] = useState(false);
  if (!flags.length) return null;
  const number = several(flags.length, 'flag');
  const environments = [...new Set(flags.flatMap((flag) => flag.environments.map((each) => each.name)))];

  const each = (call: (project: string, names: string[]) => Promise<Changed<unknown>>) => () => byProject(flags, call);
  const then = { onSuccess: onDone };

  function turn(environment: string, on: boolean) {
    const inIt = flags.filter((flag) =>
      flag.environments.some((one) => one.name === environment && one.enabled !== on),
    );
    const set = (to: boolean) => () =>
      byProject(inIt, (project, names) => switchFlags(project, environment, names, to));
    change.mutate(
      {
        run: set(on),
        done: `Turned ${on ? 'on' : 'off'} ${several(inIt.length, 'flag')} in ${environment}.`,
        not: `Not turned ${on ? 'on' : 'off'}`,
        undo: set(!on),
      },
      then,
    );
  }

  return (
    <div className={styles.bar} role="region" aria-label="Chosen flags">
      <strong>{number} chosen</strong>
      {[true, false].map((on) => (
        <Menu key={String(on)} position="top-start">
          <Menu.Target>
            <Button>{on ? 'Turn on' : 'Turn off'}</Button>
          </Menu.Target>
          <Menu.Dropdown>
            {environments.map((environment) => (
              <Menu.Item key={environment} onClick={() => turn(environment, on)}>
                In {environment}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      ))}
      <Button
        onClick={() =>
          change.mutate(
            {
              run: each((project, names) => markStale(project, names, true)),
              done: `Marked ${number} as stale.`,
              not: 'Not marked',
              undo: each((project, names) => markStale(project, names, false)),
            },
            then,
          )
        }
      >
        Mark as stale
      </Button>
      <Button color="red" variant="light" onClick={() => setArchiving(true)}>
        Archive
      </Button>
      <Button variant="subtle" color="gray" onClick={onDone}>
        Clear
      </Button>
      <Confirm
        opened={archiving}
        title={`Archive ${number}?`}
        act="Archive"
        busy={change.isPending}
        onClose={() => setArchiving(false)}
        onConfirm={() =>
          change.mutate(
            {
              run: each(archiveFlags),
              done: `Archived ${number}.`,
              not: 'Not archived',
              undo: each(reviveFlags),
            },
            {
              onSuccess: () => {
                setArchiving(false);
                onDone();
              },
            },
          )
        }
      >
        <p>Applications then see them as off. They can be revived, with their strategies.</p>
        <ul>
          {flags.map((flag) => (
            <li key={flag.name}>{flag.name}</li>
          ))}
        </ul>
      </Confirm>
    </div>
  );
}

/** One call for each project, one after the other; the events of all. */
async function byProject(
  flags: ListedFlag[],
  call: (project: string, names: string[]) => Promise<Changed<unknown>>,
): Promise<Changed<unknown>> {
  const events: string[] = [];
  for (const project of new Set(flags.map((flag) => flag.project))) {
    const names = flags.filter((flag) => flag.project === project).map((flag) => flag.name);
    const changed = await call(project, names);
    if (changed.events) events.push(changed.events);
  }
  return { data: null, events: events.join(',') || null };
}
