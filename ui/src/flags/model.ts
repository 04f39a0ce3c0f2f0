/** Flags and strategies as people talk of them. Pure. */
import { cleanedConstraints, problemOfConstraints } from '../shared/constraints';
import { condition, type Piece, plain, strong } from '../shared/sentence';
import type { Dependency, Flag, FlagEnvironment, FlagQuestion, Strategy, StrategyDraft, Variant } from './api';

type Sentenced = Pick<StrategyDraft, 'name' | 'parameters' | 'constraints' | 'segments'>;

/** How many percent a strategy reaches; null: it has no rollout. */
export function rolloutOf(strategy: Pick<StrategyDraft, 'name' | 'parameters'>): number | null {
  if (strategy.name === 'default') return 100;
  const rollout = strategy.parameters?.rollout;
  return rollout === undefined || rollout === '' ? null : Number(rollout);
}

const NOUNS: Record<string, [string, string]> = {
  default: ['users', 'a user keeps the answer, by userId, else for a session'],
  userId: ['users', 'a user keeps the answer, by userId'],
  sessionId: ['sessions', 'a session keeps the answer'],
  random: ['requests', 'each request is drawn anew'],
};

/** What a strategy does: `On for 25 % of users whose country is one of SE NO; a user keeps the answer, by userId.` */
export function strategySentence(strategy: Sentenced, segments: Map<number, string> = new Map()): Piece[] {
  const rollout = rolloutOf(strategy);
  const stickiness = String(strategy.parameters?.stickiness ?? 'default');
  const [noun, keeps] = NOUNS[stickiness] ?? [`those with the same ${stickiness}`, `kept by ${stickiness}`];
  const pieces: Piece[] = [plain('On for ')];
  if (rollout === null) pieces.push(...special(strategy));
  else if (rollout >= 100) pieces.push(strong('everybody'));
  else if (rollout <= 0) pieces.push(strong('nobody'));
  else pieces.push(strong(`${rollout} % of ${noun}`));
  const conditions = [
    ...(strategy.segments ?? []).map((id): Piece[] => [plain('in segment '), strong(segments.get(id) ?? `#${id}`)]),
    ...(strategy.constraints ?? []).map(condition),
  ];
  conditions.forEach((pieces_, at) => {
    pieces.push(plain(at === 0 ? ' ' : ' and '), ...pieces_);
  });
  const partial = rollout !== null && rollout > 0 && rollout < 100;
  pieces.push(plain(partial ? `; ${keeps}.` : '.'));
  return pieces;
}

/** What strategies of other kinds say: their parameters. */
function special(strategy: Sentenced): Piece[] {
  const parameters = Object.entries(strategy.parameters ?? {}).filter(([, value]) => value !== '');
  if (!parameters.length) return [plain('whom '), strong(strategy.name), plain(' chooses')];
  return [
    plain('whom '),
    strong(strategy.name),
    plain(' chooses by '),
    ...parameters.flatMap(([name, value]): Piece[] => [plain(`${name} `), { kind: 'value', text: String(value) }]),
  ];
}

/** `about 1 in 4`, to make a percentage felt. */
export function aboutOneIn(percent: number): string {
  if (percent <= 0) return 'nobody';
  if (percent >= 100) return 'everybody';
  return percent > 50
    ? `all but about 1 in ${Math.round(100 / (100 - percent))}`
    : `about 1 in ${Math.round(100 / percent)}`;
}

/** A new strategy of a flag, as the editor begins. */
export function newStrategy(featureName: string): StrategyDraft {
  return {
    name: 'flexibleRollout',
    title: '',
    parameters: { rollout: '100', stickiness: 'default', groupId: featureName },
    constraints: [],
    segments: [],
    variants: [],
    disabled: false,
  };
}

/** A stored strategy, as a body: without what the server decides. */
export function draftOf(strategy: Strategy): StrategyDraft {
  const { name, title, disabled, constraints, variants, parameters, segments } = strategy;
  return {
    name,
    title: title ?? '',
    disabled,
    constraints,
    parameters,
    segments,
    variants: variants as StrategyDraft['variants'],
  };
}

/** The draft without what it would be wrong to send: constraints without values, a title of spaces. */
export function cleaned(draft: StrategyDraft): StrategyDraft {
  return {
    ...draft,
    title: draft.title?.trim() || null,
    constraints: cleanedConstraints(draft.constraints ?? []),
  };
}

/** What stops a draft from being saved; null: nothing. */
export function problemOf(draft: StrategyDraft): string | null {
  return problemOfConstraints(draft.constraints ?? []) ?? problemOfVariants(draft.variants ?? []);
}

/** What stops variants from being saved; null: nothing. */
export function problemOfVariants(variants: Variant[]): string | null {
  const names = variants.map((each) => each.name.trim());
  if (names.some((name) => !name)) return 'A variant has no name.';
  if (new Set(names).size < names.length) return 'Two variants have the same name.';
  const fixed = variants.filter((each) => each.weightType === 'fix').reduce((sum, each) => sum + each.weight, 0);
  return fixed > 1000 ? 'The fixed variants get more than 100 % together.' : null;
}

/** Shares of variants: what is fixed stays, the others divide what is left. Thousandths, as the server keeps them. */
export function shared(variants: NonNullable<StrategyDraft['variants']>): NonNullable<StrategyDraft['variants']> {
  const free = variants.filter((each) => each.weightType !== 'fix').length;
  const fixed = variants.filter((each) => each.weightType === 'fix').reduce((sum, each) => sum + each.weight, 0);
  const left = Math.max(0, 1000 - fixed);
  let given = 0;
  let at = 0;
  return variants.map((each) => {
    if (each.weightType === 'fix') return each;
    at += 1;
    const weight = Math.round((left * at) / free) - given;
    given += weight;
    return { ...each, weight };
  });
}

/** The list with one of its items at another place. */
export function moved<T>(items: T[], from: number, to: number): T[] {
  const next = [...items];
  const [item] = next.splice(from, 1);
  if (item !== undefined) next.splice(to, 0, item);
  return next;
}

/** Turning it on would not do anything: its strategies are all disabled. */
export const onlyDisabled = (environment: Pick<FlagEnvironment, 'hasStrategies' | 'hasEnabledStrategies'>): boolean =>
  environment.hasStrategies && !environment.hasEnabledStrategies;

/** Lines that read a flag, by SDK. */
export function snippets(flag: string, url: string): Record<string, string> {
  const name = JSON.stringify(flag);
  return {
    Python: `from UnleashClient import UnleashClient

client = UnleashClient(url="${url}/api", app_name="my-app",
                       custom_headers={"Authorization": "<token>"})
client.initialize_client()
client.is_enabled(${name}, {"userId": "42"})`,
    JavaScript: `import { initialize } from 'unleash-client';

const client = initialize({ url: '${url}/api', appName: 'my-app',
  customHeaders: { Authorization: '<token>' } });
client.on('synchronized', () => client.isEnabled(${name}, { userId: '42' }));`,
    Java: `Unleash client = new DefaultUnleash(UnleashConfig.builder()
    .unleashAPI("${url}/api").appName("my-app").apiKey("<token>").build());
client.isEnabled(${name});`,
    Go: `unleash.Initialize(unleash.WithUrl("${url}/api"), unleash.WithAppName("my-app"),
    unleash.WithCustomHeaders(http.Header{"Authorization": {"<token>"}}))
unleash.IsEnabled(${name})`,
  };
}

/** What a dependency asks of its parent: `Only where checkout is on`. */
export function dependencySentence({ feature, enabled, variants }: Dependency): Piece[] {
  const start = [plain('Only where '), strong(feature)];
  if (!enabled) return [...start, plain(' is off')];
  if (!variants.length) return [...start, plain(' is on')];
  return [
    ...start,
    plain(variants.length === 1 ? ' gives ' : ' gives one of '),
    ...variants.map((text): Piece => ({ kind: 'value', text })),
  ];
}

const STAGES: Record<Flag['lifecycle']['stage'], [string, string]> = {
  initial: ['New', 'no application asked for it yet'],
  'pre-live': ['In development', 'applications ask for it, but not in production'],
  live: ['Live', 'it is used in production'],
  completed: ['Completed', 'it has done its work; its code can be cleaned up'],
  archived: ['Archived', 'it is out of use'],
};

/** A stage's name, and what it means. */
export const stageOf = ({ stage }: Flag['lifecycle']): [string, string] => STAGES[stage];

/** The address, where a browser may follow it: http and https only. */
export function openable(url: string): string | null {
  if (!URL.canParse(url)) return null;
  return /^https?:$/.test(new URL(url).protocol) ? url : null;
}

/** What a list of flags is narrowed to and sorted by, as its address says. */
export interface FlagSearch {
  q?: string | undefined;
  type?: string | undefined;
  tag?: string | undefined;
  state?: string | undefined;
  /** `first`: the reader's favourites lead. */
  favorites?: string | undefined;
  sort?: string | undefined;
  order?: string | undefined;
  /** From 1. */
  page?: string | undefined;
  create?: string | undefined;
}

export const ON_A_PAGE = 50;

/** Commas separate alternatives there; here they are typed as part of a text. */
const single = (text: string): string => text.replaceAll(',', ' ').trim();

export const pageOf = ({ page }: FlagSearch): number => Math.max(1, Math.trunc(Number(page)) || 1);

/** The question that the server is asked for a list. */
export function questionOf(search: FlagSearch, project?: string): FlagQuestion {
  const { q, type, tag, state, favorites } = search;
  return {
    ...(q && single(q) ? { query: single(q) } : {}),
    ...(project ? { project: `IS:${project}` } : {}),
    ...(type ? { type: `IS:${type}` } : {}),
    ...(tag ? { tag: `INCLUDE:${tag}` } : {}),
    ...(state ? { state: `IS:${state}` } : {}),
    ...(favorites === 'first' ? { favoritesFirst: 'true' } : {}),
    sortBy: search.sort ?? 'name',
    sortOrder: search.order === 'desc' ? 'desc' : 'asc',
    limit: String(ON_A_PAGE),
    offset: String((pageOf(search) - 1) * ON_A_PAGE),
  };
}

/** A column was clicked: it sorts the list, and on the second click the other way round. */
export function sortedBy({ sort = 'name', order }: FlagSearch, column: string): Pick<FlagSearch, 'sort' | 'order'> {
  return { sort: column, order: sort === column && order !== 'desc' ? 'desc' : undefined };
}
