import { Link, useLocation } from '@tanstack/react-router';
import type { Place } from './navigation';
import styles from './Shell.module.css';

/** Ways to pages; the one that leads here is marked. */
export function Places({ places, onGo }: { places: Place[]; onGo?: (() => void) | undefined }) {
  const { pathname } = useLocation();
  return places.map(({ label, to, icon: Icon, holds }) => {
    const here = holds ? holds.test(pathname) : pathname.startsWith(to);
    return (
      <Link
        key={to}
        to={to}
        className={styles.place}
        activeProps={{}}
        activeOptions={{ exact: true, includeSearch: false }}
        data-here={here || undefined}
        aria-current={here ? 'page' : undefined}
        onClick={onGo}
      >
        <Icon size={16} aria-hidden />
        {label}
      </Link>
    );
  });
}
