import type { Banner } from './api';

/** What is said of a banner besides its message, so that its colour never carries a meaning alone. */
const WORDS: Record<string, string> = { warning: 'Warning', error: 'Problem', success: 'Good news' };

/** The kinds that one can choose. */
export const VARIANTS = ['info', 'warning', 'error', 'success'].map((value) => ({
  value,
  label: WORDS[value] ?? 'Notice',
}));

export const wordOf = (banner: Banner): string => WORDS[banner.variant] ?? 'Notice';

/** Where a banner leads; nothing for what is no address. */
export function hrefOf(link: string | null, basePath: string): string | undefined {
  if (!link) return undefined;
  if (/^https?:\/\//i.test(link)) return link;
  return /^\/(?!\/)/.test(link) ? basePath + link : undefined;
}
