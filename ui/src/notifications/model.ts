/** Notifications as text. Pure. */
import type { Notification } from './api';

/**
 * Markdown without its marks: links are their words, `**bold**` and `*slanted*` are plain. Anything else stays as it
 * is written, for nothing here is ever drawn as markup.
 */
export function plain(markdown: string): string {
  return markdown
    .replace(/\[([^\]]*)\]\([^)\s]*\)/g, '$1')
    .replace(/\*\*(.+?)\*\*/g, '$1')
    .replace(/(^|\s)\*(\S(?:.*?\S)?)\*(?=\s|$)/g, '$1$2')
    .replace(/\\([\\`*_{}[\]()#+\-.!<>|~])/g, '$1');
}

export const unread = (all: Notification[]): number[] => all.filter((each) => !each.readAt).map((each) => each.id);
