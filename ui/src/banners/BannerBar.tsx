import { lazy, Suspense, useState } from 'react';
import { basePath } from '../api/client';
import type { Banner } from './api';
import styles from './Banners.module.css';
import { hrefOf, wordOf } from './model';

const Sheet = lazy(() => import('../shared/Sheet'));

/** What administrators tell everybody. The texts are shown as they were written. */
export default function BannerBar({ banner }: { banner: Banner }) {
  const [open, setOpen] = useState(false);
  const href = hrefOf(banner.link, basePath);
  const text = banner.linkText || 'More';
  return (
    <section className={styles.banner} data-variant={banner.variant} aria-label={wordOf(banner)}>
      <strong>{wordOf(banner)}</strong>
      <span className={styles.message}>{banner.message}</span>
      {href && (
        <a className={styles.link} href={href} rel="noreferrer">
          {text}
        </a>
      )}
      {banner.link === 'dialog' && (
        <button type="button" className={styles.link} onClick={() => setOpen(true)}>
          {text}
        </button>
      )}
      {open && (
        <Suspense fallback={null}>
          <Sheet title={banner.dialogTitle || text} onClose={() => setOpen(false)}>
            <div className={styles.message}>{banner.dialog}</div>
          </Sheet>
        </Suspense>
      )}
    </section>
  );
}
