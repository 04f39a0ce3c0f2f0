import type { ReactNode } from 'react';
import styles from './Chip.module.css';

/** A small word in a box. `tone` says what it means; the word says it too. */
export function Chip({
  children,
  tone = 'neutral',
  title,
}: {
  children: ReactNode;
  tone?: 'neutral' | 'production' | 'warning' | 'created' | 'removed' | 'outline';
  title?: string;
}) {
  return (
    <span className={`${styles.chip} ${styles[tone]}`} title={title}>
      {children}
    </span>
  );
}

/** An environment, coloured by its type: production, what comes right before it, and all others. */
export function EnvChip({ name, type }: { name: string; type?: string | undefined }) {
  const kind = type ?? name;
  const tone = kind.startsWith('prod') ? 'production' : /^(pre-?prod|staging)/.test(kind) ? 'warning' : 'neutral';
  return (
    <Chip tone={tone} title={name}>
      {name}
    </Chip>
  );
}
