/** The one way to the server: its public HTTP interface, typed by what the server says of itself. */
import createClient from 'openapi-fetch';
import { ApiError, type ErrorBody } from './errors';
import type { components, paths } from './schema';

export type Schema = components['schemas'];

function meta(name: string): string {
  const found = document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content ?? '';
  return found.startsWith('{') ? '' : found; // a development server leaves the placeholder
}

/** Where the server is below its host: empty, or `/flags`. */
export const basePath = meta('base-path');
export const styleNonce = meta('style-nonce');

export const client = createClient<paths>({ baseUrl: basePath, credentials: 'same-origin' });

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** Called when the server no longer knows who is there. */
let sessionEnded: () => void = () => undefined;
export function onSessionEnd(call: () => void): void {
  sessionEnded = call;
}

async function answered<T>(call: Promise<Answer<T>>): Promise<Answer<T>> {
  let answer: Answer<T>;
  try {
    answer = await call;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError(0, { message: 'The server cannot be reached. What you see may be old.' });
  }
  if (!answer.response.ok) {
    const failed = new ApiError(answer.response.status, answer.error as ErrorBody | undefined);
    if (failed.status === 401 && !answer.response.url.includes('/auth/')) sessionEnded();
    throw failed;
  }
  return answer;
}

/** The answer to a question. Throws `ApiError`. */
export async function ask<T>(call: Promise<Answer<T>>): Promise<T> {
  return (await answered(call)).data as T;
}

export interface Changed<T> {
  data: T;
  /** The ids of the events that it recorded, as `4711-4713,4715`; null: nothing changed. */
  events: string | null;
}

/** The answer to a change. Throws `ApiError`. */
export async function change<T>(call: Promise<Answer<T>>): Promise<Changed<T>> {
  const { data, response } = await answered(call);
  return { data: data as T, events: response.headers.get('X-Flagkeeper-Events') };
}

/** Headers that say why a change is made. */
export function because(reason: string): { 'X-Change-Reason'?: string } {
  const line = reason.replace(/\s+/g, ' ').trim();
  return line ? { 'X-Change-Reason': `UTF-8''${encodeURIComponent(line)}` } : {};
}
