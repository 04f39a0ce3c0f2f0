/** What addresses carry beside their path: typed, and without what nobody reads. Pure. */
import { fromUnleash } from '../eventlog/query';
import type { Around } from '../eventlog/what-changed';
import type { FlagSearch } from '../flags/model';
import type { PlaygroundSearch } from '../playground/model';

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value ? value : undefined);

/** Where to go after the login. */
interface LoginSearch {
  redirect?: string | undefined;
}
export const loginSearch = (search: Record<string, unknown>): LoginSearch => ({ redirect: textOf(search.redirect) });

/** What a link in a mail carries. */
interface LinkSearch {
  token?: string | undefined;
  invite?: string | undefined;
}
export const linkSearch = (search: Record<string, unknown>): LinkSearch => ({
  token: textOf(search.token),
  invite: textOf(search.invite),
});

/** The query of a log page; Unleash's parameters are understood and become a query. */
interface LogSearch {
  q?: string | undefined;
  event?: string | undefined;
}
export const logSearch = (search: Record<string, unknown>): LogSearch => ({
  q: textOf(search.q) ?? textOf(fromUnleash(search)),
  event: textOf(search.event),
});

/** What a list of flags is narrowed to and sorted by, and whether the dialog that creates one is open. */
export const flagSearch = (search: Record<string, unknown>): FlagSearch => ({
  q: textOf(search.q),
  type: textOf(search.type),
  tag: textOf(search.tag),
  state: textOf(search.state),
  favorites: textOf(search.favorites),
  sort: textOf(search.sort),
  order: textOf(search.order),
  page: textOf(search.page),
  create: textOf(search.create),
});

/** What the playground is asked, and the flag that is open. */
export const playgroundSearch = (search: Record<string, unknown>): PlaygroundSearch => ({
  environments: textOf(search.environments),
  projects: textOf(search.projects),
  context: textOf(search.context),
  open: textOf(search.open),
});

/** Around which moment it is asked what changed. */
export const around = (search: Record<string, unknown>): Around => ({
  at: textOf(search.at),
  window: textOf(search.window),
  environment: textOf(search.environment),
});
