import { Tooltip } from '@mantine/core';
import { cloneElement, type ReactElement } from 'react';
import type { Need } from '../session/model';
import { useMay } from '../session/permissions';
import styles from './Can.module.css';

/** Its child, disabled where the reader may not do that, with a word that names the missing permission. */
export function Can({ need, children }: { need: Need; children: ReactElement<{ disabled?: boolean }> }) {
  const may = useMay();
  if (may(need)) return children;
  const where = need.environment ? ` in ${need.environment}` : need.project ? ` in project ${need.project}` : '';
  return (
    <Tooltip label={`Needs ${nameOf(need.permission)}${where}`} events={{ hover: true, focus: true, touch: true }}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what is disabled gets no focus, and its reason has to be found */}
      <span tabIndex={0} className={styles.cannot}>
        {cloneElement(children, { disabled: true })}
      </span>
    </Tooltip>
  );
}

/** `UPDATE_FEATURE_STRATEGY` as words. */
export function nameOf(permission: string): string {
  const words = permission.toLowerCase().replaceAll('_', ' ').replaceAll('feature', 'flag');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
