/** An event as parts of a sentence, as the server tells them. Pure. */
import type { Schema } from '../api/client';
import { shown } from '../shared/diff/model';
import type { Tone } from '../shared/Mark';

export type LogEvent = Schema['EventOut'];
/** An event of a list or a stream: what rows need, without payloads. */
export type RowEvent = Schema['ListedEvent'];
export type ServerParts = Schema['EventParts'];
type ServerChange = Schema['FieldChange'];

/** A change in one line of a row. Of lists: how many came and went. */
export interface RowChange {
  label: string;
  before?: string | undefined;
  after?: string | undefined;
  added?: number | undefined;
  removed?: number | undefined;
}

export interface Parts {
  /** False: the sentence stands for itself, and the actor is not its subject. */
  byActor: boolean;
  /** `enabled`, `added strategy Nordic to`: what was done, up to its object. */
  verb: string;
  /** To what: a flag, a segment, a user. Empty: the verb says it all. */
  object: string;
  /** `in environment production of project shop`; rows have columns for that. */
  where: string;
  detail: string;
  tone: Tone;
  changes: RowChange[];
  /** How many changes are not listed. */
  more: number;
}

const CACHE = new WeakMap<ServerParts, Parts>();

/** The parts of an event's sentence; the same object each time. */
export function partsOf(event: { label: string; parts?: ServerParts }): Parts {
  const told = event.parts;
  if (!told)
    return {
      byActor: true,
      verb: event.label,
      object: '',
      where: '',
      detail: '',
      tone: 'neutral',
      changes: [],
      more: 0,
    };
  const known = CACHE.get(told);
  if (known) return known;
  const parts: Parts = {
    byActor: told.byActor,
    verb: told.verb,
    object: told.object?.name ?? '',
    where: told.where,
    detail: told.detail,
    tone: told.tone,
    changes: (told.changes ?? []).map(rowChange),
    more: told.moreChanges ?? 0,
  };
  CACHE.set(told, parts);
  return parts;
}

function rowChange(change: ServerChange): RowChange {
  const { label, before, after, added, removed } = change;
  const percent = change.path === 'parameters.rollout' ? ' %' : '';
  const text = (value: unknown) => (value === undefined || value === null ? undefined : `${shown(value)}${percent}`);
  if (added || removed) return { label, added: added?.total ?? 0, removed: removed?.total ?? 0 };
  return change.reordered ? { label, after: 'in another order' } : { label, before: text(before), after: text(after) };
}

/** What fits into a heading: the sentence, without its detail where that is long. */
export function headingOf(event: Told): string {
  const whole = sentenceOf(event);
  return whole.length <= 140 || !event.parts ? whole : sentenceOf({ ...event, parts: { ...event.parts, detail: '' } });
}

interface Told {
  label: string;
  createdBy: string;
  parts?: ServerParts;
}

/** The whole sentence, for those who hear it. */
export function sentenceOf(event: Told): string {
  const { byActor, verb, object, where, detail } = partsOf(event);
  const tail = /^[:,;.]/.test(detail) ? detail : ` ${detail}`;
  return `${byActor ? `${event.createdBy} ` : ''}${verb} ${object} ${where}${tail}`
    .replace(/ +/g, ' ')
    .replace(/ ([:,;.])/g, '$1')
    .trim();
}
