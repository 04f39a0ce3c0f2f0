/** What the playground is asked, and why a flag is on or off. Pure. */
import { condition, type Piece, plain, strong } from '../shared/sentence';
import type { PlayedFlag, PlayedStrategy, Question } from './api';

/** What is asked, as the address says. */
export interface PlaygroundSearch {
  /** Separated by commas; none: all. */
  environments?: string | undefined;
  projects?: string | undefined;
  /** `userId=7&plan=gold`. */
  context?: string | undefined;
  /** The flag whose reasons are shown. */
  open?: string | undefined;
}

const OWN = ['appName', 'environment', 'remoteAddress', 'sessionId', 'userId', 'currentTime'];

/** The fields of a context, as an address says them. */
export const fieldsOf = (context: string | undefined): [string, string][] => [...new URLSearchParams(context)];

export const contextText = (fields: [string, string][]): string | undefined =>
  new URLSearchParams(fields).toString() || undefined;

export const listOf = (text: string | undefined): string[] => text?.split(',').filter(Boolean) ?? [];

/** The question that an address asks. `all`: the environments that there are. */
export function questionOf({ environments, projects, context }: PlaygroundSearch, all: string[]): Question {
  const fields = fieldsOf(context);
  const named = listOf(environments);
  const some = listOf(projects);
  return {
    environments: named.length ? named : all,
    projects: some.length ? some : '*',
    context: {
      appName: 'playground',
      ...Object.fromEntries(fields.filter(([name]) => OWN.includes(name))),
      properties: Object.fromEntries(fields.filter(([name]) => !OWN.includes(name))),
    },
  };
}

/** A part of a rule. `holds`: null where that was not asked, or only an application can tell. */
export interface Part {
  holds: boolean | null;
  pieces: Piece[];
  /** What it is made of. */
  parts?: Part[];
}

const constraintParts = (constraints: PlayedStrategy['constraints']): Part[] =>
  constraints.map((each) => ({ holds: each.result, pieces: condition(each) }));

/** The parts of a strategy: its segments, its constraints, and whom it chooses among those who are left. */
export function partsOf(strategy: PlayedStrategy): Part[] {
  const asked = strategy.result.evaluationStatus !== 'unevaluated';
  const parts: Part[] = [
    ...strategy.segments.map((segment) => ({
      holds: segment.result,
      pieces: [plain('in segment '), strong(segment.name)],
      parts: constraintParts(segment.constraints),
    })),
    ...constraintParts(strategy.constraints),
  ];
  const { enabled } = strategy.result;
  const reached = parts.every((part) => part.holds) && enabled !== 'unknown';
  parts.push({ holds: reached ? enabled === true : null, pieces: chosen(strategy) });
  return asked ? parts : parts.map(unasked);
}

const unasked = (part: Part): Part => ({
  ...part,
  holds: null,
  ...(part.parts ? { parts: part.parts.map(unasked) } : {}),
});

function chosen({ name, parameters }: PlayedStrategy): Piece[] {
  if (name === 'default') return [strong('everybody')];
  if (name === 'flexibleRollout') {
    const stickiness = parameters.stickiness ?? 'default';
    return [plain('among '), strong(`${parameters.rollout ?? '100'} %`), plain(` by ${stickiness}`)];
  }
  const given = Object.entries(parameters).filter(([, value]) => value !== '');
  return [
    plain('chosen by '),
    strong(name),
    ...given.flatMap(([key, value]): Piece[] => [plain(` ${key} `), { kind: 'value', text: value }]),
  ];
}

/** What a cell of the table says of a flag in an environment, in one context or in several. */
export function answerOf(played: PlayedFlag[]): { on: boolean; text: string } {
  const on = played.filter((each) => each.isEnabled);
  const variants = [...new Set(on.filter((each) => each.variant.enabled).map((each) => each.variant.name))];
  const word = played.length > 1 && on.length > 0 ? `on in ${on.length} of ${played.length}` : on.length ? 'on' : 'off';
  return { on: on.length > 0, text: variants.length ? `${word}, ${variants.join(' or ')}` : word };
}

/** What stands above the strategies: why a flag is off whatever they say, or on without any. */
export function beforeStrategies(played: PlayedFlag): Part[] {
  return [
    {
      holds: played.isEnabledInCurrentEnvironment,
      pieces: [plain(`turned ${played.isEnabledInCurrentEnvironment ? 'on' : 'off'} in `), strong(played.environment)],
    },
    ...(played.hasUnsatisfiedDependency
      ? [{ holds: false, pieces: [plain('a flag that it depends on is not as it must be')] }]
      : []),
    ...(played.strategies.data.length === 0
      ? [{ holds: null, pieces: [plain('no strategies: where it is turned on, it is on for everybody')] }]
      : []),
  ];
}
