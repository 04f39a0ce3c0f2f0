/** Sentences that are made of pieces. Pure. */
import { operatorText, valuesOfConstraint } from './constraints';

/** A piece of a sentence: plain words, a word that matters, or a value. */
export type Piece = { kind: 'text' | 'strong' | 'value'; text: string };

export const plain = (text: string): Piece => ({ kind: 'text', text });
export const strong = (text: string): Piece => ({ kind: 'strong', text });

/** Values of a condition that are read out; a card says how many more there are. */
const MOST_VALUES = 8;

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
    ...values.slice(0, MOST_VALUES).map((text): Piece => ({ kind: 'value', text })),
    ...(values.length > MOST_VALUES ? [plain(` and ${values.length - MOST_VALUES} more`)] : []),
  ];
}

export const textOf = (pieces: Piece[]): string =>
  pieces
    .map((piece) => (piece.kind === 'value' ? `${piece.text} ` : piece.text))
    .join('')
    .replace(/ ([;.])/g, '$1');
