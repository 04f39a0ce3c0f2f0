import styles from './Actor.module.css';

const COLOURS = ['#4f46c8', '#0b68c6', '#0f766e', '#8f5200', '#9b2c8a', '#a3282d', '#4d5b9e', '#6b4aa8'];

/** The first letters of the first two words of a name. */
export function initials(name: string): string {
  const words = name.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  const first = words[0] ?? '?';
  return (words.length > 1 && words[1] ? first.charAt(0) + words[1].charAt(0) : first.slice(0, 2)).toUpperCase();
}

function colourOf(name: string): string {
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973;
  return COLOURS[sum % COLOURS.length] ?? '#4f46c8';
}

/** People are round and have initials; what is no person is square and has a cog. */
export function Avatar({ name, kind }: { name: string; kind?: string | undefined }) {
  const person = kind === undefined || kind === 'user' || kind === 'pat';
  return (
    <span className={person ? styles.person : styles.machine} style={{ background: colourOf(name) }} aria-hidden>
      {person ? initials(name) : '⚙'}
    </span>
  );
}

export function Actor({ name, kind }: { name: string; kind?: string | undefined }) {
  return (
    <span className={styles.actor}>
      <Avatar name={name} kind={kind} />
      <span className="cut" title={name}>
        {name}
      </span>
    </span>
  );
}
