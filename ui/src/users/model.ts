import type { Role } from './api';

/** The id of the role that somebody has unless another one is chosen; empty while no roles are known. */
export const viewerOf = (roles: Role[]): string =>
  String((roles.find((each) => each.name === 'Viewer') ?? roles[0])?.id ?? '');

/** What the server demands of passwords. Pure but for chance. */
const KINDS = ['ABCDEFGHJKLMNPQRSTUVWXYZ', 'abcdefghijkmnopqrstuvwxyz', '23456789', '-_.!+='] as const;
const LENGTH = 20;

/** A strong password with at least one of each kind of character, and none that look alike. */
export function newPassword(): string {
  const pick = (from: string) => from.charAt(below(from.length));
  const letters = KINDS.map(pick);
  while (letters.length < LENGTH) letters.push(pick(KINDS.join('')));
  for (let at = letters.length - 1; at > 0; at -= 1) {
    const other = below(at + 1);
    [letters[at], letters[other]] = [letters[other] ?? '', letters[at] ?? ''];
  }
  return letters.join('');
}

/** A number from 0 on, below `end`, each as likely as any other. */
function below(end: number): number {
  const limit = Math.floor(2 ** 32 / end) * end;
  for (;;) {
    const [drawn = 0] = crypto.getRandomValues(new Uint32Array(1));
    if (drawn < limit) return drawn % end;
  }
}
