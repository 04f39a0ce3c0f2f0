/** Sentences that are made of pieces. Pure. */
import { operatorText, valuesOfConstraint } from './constraints';

/** A piece of a sentence: plain words, a word that matters, or a value. */
export type Piece = { kind: 'text' | 'strong' | 'value'; text: string };

export const plain = (text: string): Piece => ({ kind: 'text', text });
export const strong = (text: string): Piece => ({ kind: 'strong', text });

interface Conditional {
  contextName: string;
  operator: string;
}

/** What a constraint asks for: `whose country is one of SE NO`. */
export function condition(constraint: Conditional): Piece[] {
  const values = valuesOfConstraint({ ...constraint });
  const words = operatorText({ ...constraint });
  return [
    plain('whose '),
    strong(constraint.contextName),
    plain(` ${words} `),
    ...values.slice(0, 12).map((text): Piece => ({ kind: 'value', text })),
    ...(values.length > 12 ? [plain(` and ${values.length - 12} more`)] : []),
  ];
}

export const textOf = (pieces: Piece[]): string =>
  pieces
    .map((piece) => (piece.kind === 'value' ? `${piece.text} ` : piece.text))
    .join('')
    .replace(/ ([;.])/g, '$1');
