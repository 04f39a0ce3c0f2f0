import {
  IconArchive,
  IconDots,
  IconKey,
  IconMinus,
  IconPencil,
  IconPlus,
  IconToggleLeft,
  IconToggleRight,
} from '@tabler/icons-react';
import styles from './Mark.module.css';

/** What kind of change something is. */
export type Tone = 'created' | 'changed' | 'removed' | 'on' | 'off' | 'access' | 'archive' | 'neutral';

const ICONS = {
  created: IconPlus,
  changed: IconPencil,
  removed: IconMinus,
  on: IconToggleRight,
  off: IconToggleLeft,
  access: IconKey,
  archive: IconArchive,
  neutral: IconDots,
};

/** The sign of a change. The words beside it say the same, so it has none. */
export function Mark({ tone }: { tone: Tone }) {
  const Icon = ICONS[tone] ?? IconDots;
  return (
    <span className={`${styles.mark} ${styles[tone]}`} aria-hidden>
      <Icon size={tone === 'on' || tone === 'off' ? 17 : 14} stroke={2} />
    </span>
  );
}
