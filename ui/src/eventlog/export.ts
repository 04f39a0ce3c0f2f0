/** Fetches an export piece by piece, and saves it as a file when it is whole. */
import { ApiError, type ErrorBody } from '../api/errors';
import type { Format } from './api';

export interface Progress {
  rows: number;
  /** As the server counted it when it began. */
  total?: number | undefined;
}

const LINE = 10;

/** How many events are in so many lines. */
export function rowsIn(format: Format, lines: number): number {
  return format === 'csv' ? Math.max(0, lines - 1) : lines;
}

/** Saves what is at `path`, and says how many events it holds. Throws `ApiError`. */
export async function save(
  path: string,
  format: Format,
  signal: AbortSignal,
  tell: (progress: Progress) => void,
): Promise<number> {
  const answer = await fetch(path, { signal, credentials: 'same-origin' });
  if (!answer.ok || !answer.body)
    throw new ApiError(answer.status, (await answer.json().catch(() => ({}))) as ErrorBody);
  const counted = answer.headers.get('X-Flagkeeper-Total');
  const total = counted ? Number(counted) : undefined;
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let lines = 0;
  for await (const part of pieces(answer.body)) {
    parts.push(part);
    for (const byte of part) if (byte === LINE) lines += 1;
    tell({ rows: rowsIn(format, lines), total });
  }
  const blob = new Blob(parts, { type: answer.headers.get('Content-Type') ?? '' });
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = nameIn(answer.headers.get('Content-Disposition')) ?? `events.${format}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  if (format !== 'json') return rowsIn(format, lines);
  return (JSON.parse(await blob.text()) as unknown[]).length;
}

async function* pieces(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

const nameIn = (disposition: string | null): string | undefined => /filename="?([^";]+)/.exec(disposition ?? '')?.[1];
