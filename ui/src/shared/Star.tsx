import { IconStar, IconStarFilled } from '@tabler/icons-react';
import type { Changed } from '../api/client';
import styles from './Star.module.css';
import { useChange } from './useChange';

/** Whether something is a favourite of the reader. Filled is one, hollow is none. */
export function Star({
  name,
  slice,
  favorite,
  set,
}: {
  /** Of what it belongs to. */
  name: string;
  slice: string;
  favorite: boolean;
  set: (favorite: boolean) => Promise<Changed<unknown>>;
}) {
  const change = useChange(slice);
  const Icon = favorite ? IconStarFilled : IconStar;
  return (
    <button
      type="button"
      className={styles.star}
      aria-pressed={favorite}
      aria-label={`Favourite ${name}`}
      title={favorite ? 'Remove from your favourites' : 'Add to your favourites'}
      disabled={change.isPending}
      onClick={() =>
        change.mutate({
          run: () => set(!favorite),
          done: favorite ? `${name} is no longer a favourite.` : `${name} is a favourite now.`,
          not: 'Not saved',
        })
      }
    >
      <Icon size={16} aria-hidden />
    </button>
  );
}
