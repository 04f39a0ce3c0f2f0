import styles from './Code.module.css';

/** Text for machines, as it is. It scrolls, and can be reached by key. */
export function Code({ label, text, bare = false }: { label: string; text: string; bare?: boolean }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be reached by key
    <section aria-label={label} tabIndex={0} className={bare ? styles.bare : styles.code}>
      <pre>{text}</pre>
    </section>
  );
}
