import type { ReactNode } from 'react';
import { Logo } from '../app/Logo';
import { useTitle } from '../shared/Page';
import styles from './LoginPage.module.css';

/** A page for those who are not logged in: nothing of the product is around it. */
export function OutsidePage({ title, children }: { title: string; children: ReactNode }) {
  useTitle(title);
  return (
    <main className={styles.page}>
      <div className={styles.box}>
        <Logo />
        <h1 className={styles.title}>{title}</h1>
        {children}
      </div>
    </main>
  );
}
