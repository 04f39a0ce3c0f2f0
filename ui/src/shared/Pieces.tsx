import styles from './Pieces.module.css';
import type { Piece } from './sentence';

/** A sentence whose words that matter, and whose values, stand out. */
export function Pieces({ of: pieces }: { of: Piece[] }) {
  return (
    <span className={styles.sentence}>
      {pieces.map((piece, at) =>
        piece.kind === 'text' ? (
          piece.text
        ) : piece.kind === 'strong' ? (
          <strong key={at}>{piece.text}</strong>
        ) : (
          <code key={at}>{piece.text}</code>
        ),
      )}
    </span>
  );
}
