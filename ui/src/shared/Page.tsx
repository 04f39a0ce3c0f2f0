import { type ReactNode, useEffect } from 'react';
import styles from './Page.module.css';

/** A page: its one heading, what can be done with it, and its title in the browser's tab. */
export function Page({
  title,
  above,
  count,
  below,
  actions,
  wide = false,
  large = false,
  children,
}: {
  title: string;
  /** Where it is: links to what contains it. */
  above?: ReactNode;
  /** Beside the heading: how many there are. */
  count?: ReactNode;
  /** Under the heading: what it is. */
  below?: ReactNode;
  actions?: ReactNode;
  /** The page is as wide as the window, and its content scrolls itself. */
  wide?: boolean;
  /** The heading is a name that people look for. */
  large?: boolean;
  children: ReactNode;
}) {
  useTitle(title);
  return (
    <div className={wide ? styles.wide : styles.page}>
      <header className={styles.header}>
        <div className={styles.heading}>
          {above && <div className="hint">{above}</div>}
          <h1 className={large ? styles.large : styles.title}>
            {title}
            {count !== undefined && <span className={styles.count}>{count}</span>}
          </h1>
          {below && <div className={styles.below}>{below}</div>}
        </div>
        {actions && <div className={styles.actions}>{actions}</div>}
      </header>
      {children}
    </div>
  );
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} - Flagkeeper`;
  }, [title]);
}
