import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import type { Need } from '../session/model';
import { Can } from '../shared/Can';
import styles from './Relations.module.css';

/** The heading of what a flag is related to, with the button that adds one. */
export function RelationHead({
  title,
  noun,
  need,
  onAdd,
}: {
  title: string;
  /** What one is called: `Link`. */
  noun: string;
  need: Need;
  /** Undefined: none can be added. */
  onAdd: (() => void) | undefined;
}) {
  return (
    <header className={styles.head}>
      <h2>{title}</h2>
      {onAdd && (
        <Can need={need}>
          <Button size="compact-xs" variant="subtle" color="gray" leftSection={<IconPlus size={12} />} onClick={onAdd}>
            {noun}
          </Button>
        </Can>
      )}
    </header>
  );
}
