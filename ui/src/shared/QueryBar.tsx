import { IconLoader2, IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type KeyboardEvent, type RefObject, useEffect, useMemo, useState } from 'react';
import { ApiError } from '../api/errors';
import { countsQuery } from '../eventlog/api';
import { errorPlace, FIELDS, quoted, tokens, within, writtenAt } from '../eventlog/query';
import { useTypeLabels } from '../eventlog/types';
import styles from './QueryBar.module.css';
import { countOf } from './time';

interface Option {
  value: string;
  hint: string;
}

const ACTOR_KINDS = ['user', 'pat', 'token', 'sdk', 'operator', 'system', 'none'];
const TIMES: [string, string][] = [
  ['30m', '30 minutes'],
  ['1h', 'an hour'],
  ['24h', 'a day'],
  ['7d', 'a week'],
  ['30d', 'a month'],
];
/** Fields whose values the log counts, and their names there. */
const COUNTED: Record<string, string> = {
  type: 'type',
  project: 'project',
  env: 'environment',
  by: 'actor',
  flag: 'flag',
};

/** The query as text, coloured; it completes what is being written, and shows where it is wrong. */
export function QueryBar({
  value,
  scope,
  error,
  busy,
  inputRef,
  onSubmit,
}: {
  value: string;
  scope: string;
  error: unknown;
  busy: boolean;
  inputRef: RefObject<HTMLInputElement | null>;
  onSubmit: (text: string) => void;
}) {
  const [text, setText] = useState(value);
  const [caret, setCaret] = useState(0);
  const [open, setOpen] = useState(false);
  const [chosen, setChosen] = useState(-1);
  useEffect(() => setText(value), [value]);
  const options = useOptions(open, text, caret, scope);
  const wrong = text === value && error instanceof ApiError && error.status === 400 ? error : undefined;
  const detail = wrong?.body.details?.[0];
  const placed = detail ? errorPlace(detail) : null;
  const place: [number, number] | null = placed && [placed[0] - (scope ? scope.length + 1 : 0), placed[1]];

  const fixed =
    place && detail?.suggestion && value.slice(0, place[0]) + detail.suggestion + value.slice(place[0] + place[1]);

  function take(option: Option) {
    const { field, start, end } = writtenAt(text, caret);
    const inserted = field ? quoted(option.value).replace(/"(.*\*)"/, '$1') : `${option.value}:`;
    const next = text.slice(0, start) + inserted + text.slice(end);
    setText(next);
    setChosen(-1);
    const at = start + inserted.length;
    requestAnimationFrame(() => {
      inputRef.current?.setSelectionRange(at, at);
      setCaret(at);
    });
    if (field) {
      setOpen(false);
      onSubmit(next.trim());
    }
  }

  function press(event: KeyboardEvent) {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step && options.length) {
      setOpen(true);
      setChosen((chosen + step + options.length + (chosen < 0 && step < 0 ? 1 : 0)) % options.length);
    } else if ((event.key === 'Enter' || event.key === 'Tab') && open && options[chosen]) take(options[chosen]);
    else if (event.key === 'Enter') {
      setOpen(false);
      onSubmit(text.trim());
    } else if (event.key === 'Escape' && open) setOpen(false);
    else if (event.key === 'Escape') inputRef.current?.blur();
    else return;
    event.preventDefault();
  }

  return (
    <div className={styles.bar}>
      <div className={`${styles.box} ${wrong ? styles.wrong : ''}`}>
        <IconSearch size={15} className={busy ? styles.gone : undefined} aria-hidden />
        <IconLoader2 size={15} className={busy ? styles.busy : styles.gone} aria-hidden />
        <div className={styles.field}>
          <div className={styles.mirror} aria-hidden>
            {coloured(text, place)}
          </div>
          <input
            ref={inputRef}
            className={styles.input}
            role="combobox"
            aria-label="Query"
            aria-expanded={open && options.length > 0}
            aria-controls="query-options"
            aria-autocomplete="list"
            aria-invalid={Boolean(wrong)}
            aria-describedby={wrong ? 'query-error' : undefined}
            aria-activedescendant={chosen >= 0 ? `query-option-${chosen}` : undefined}
            placeholder="env:production type:feature-* changed:rollout -by:bot"
            spellCheck={false}
            autoComplete="off"
            value={text}
            onChange={(event) => {
              setText(event.currentTarget.value);
              setCaret(event.currentTarget.selectionStart ?? 0);
              setOpen(true);
              setChosen(-1);
            }}
            onSelect={(event) => setCaret(event.currentTarget.selectionStart ?? 0)}
            onFocus={() => setOpen(text === '')}
            onBlur={() => setOpen(false)}
            onScroll={(event) => {
              const mirror = event.currentTarget.previousElementSibling;
              if (mirror) mirror.scrollLeft = event.currentTarget.scrollLeft;
            }}
            onKeyDown={press}
          />
        </div>
        {text ? (
          <button
            type="button"
            className="link"
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => onSubmit('')}
          >
            Clear
          </button>
        ) : (
          <kbd>/</kbd>
        )}
      </div>
      {open && options.length > 0 && (
        <div id="query-options" role="listbox" aria-label="What fits" className={styles.options}>
          {options.map((option, at) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the keys belong to the field above
            // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the field above
            <div
              key={option.value}
              id={`query-option-${at}`}
              role="option"
              aria-selected={at === chosen}
              className={styles.option}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => take(option)}
            >
              <code>{option.value}</code>
              <span className="hint">{option.hint}</span>
            </div>
          ))}
        </div>
      )}
      {wrong && (
        <div id="query-error" className={styles.error} role="alert">
          {wrong.message}
          {fixed && (
            <button type="button" className="link" onClick={() => onSubmit(fixed)}>
              Ask for {fixed}
            </button>
          )}
        </div>
      )}
    </div>
  );
}

/** The text, each part in its colour, with a line under what is wrong. */
function coloured(text: string, wrong: [number, number] | null) {
  const parts: { text: string; look: string | undefined }[] = [];
  let at = 0;
  for (const token of tokens(text)) {
    parts.push({ text: text.slice(at, token.start), look: undefined });
    const bad = wrong !== null && token.start <= wrong[0] && wrong[0] < token.end ? styles.bad : '';
    const minus = token.negated ? 1 : 0;
    if (minus) parts.push({ text: '-', look: `${styles.minus} ${bad}` });
    const colon = token.field ? token.start + minus + token.field.length + 1 : token.start + minus;
    parts.push({ text: text.slice(token.start + minus, colon), look: `${styles.name} ${bad}` });
    parts.push({ text: text.slice(colon, token.end), look: `${token.field ? styles.value : ''} ${bad}` });
    at = token.end;
  }
  parts.push({ text: text.slice(at), look: undefined });
  return parts.map((part, index) => (
    <span key={index} className={part.look}>
      {part.text}
    </span>
  ));
}

/** What may stand at the caret: fields, or values of the field with how many events have them. */
function useOptions(open: boolean, text: string, caret: number, scope: string): Option[] {
  const written = useMemo(() => writtenAt(text, caret), [text, caret]);
  const counted = COUNTED[written.field];
  const counts = useQuery({
    ...countsQuery(within(scope, ''), { by: counted ?? '', bucket: 'total' }),
    enabled: open && counted !== undefined,
    staleTime: 60_000,
  });
  const labels = useTypeLabels();
  return useMemo(() => {
    if (!open) return [];
    const part = written.part.toLowerCase();
    const fits = (option: Option) => option.value.toLowerCase().includes(part) && option.value !== written.part;
    const counted_ = counts.data?.by[counted ?? '']?.values ?? [];
    let found: Option[];
    if (!written.field) found = Object.entries(FIELDS).map(([value, hint]) => ({ value, hint }));
    else if (written.field === 'since' || written.field === 'until')
      found = TIMES.map(([value, hint]) => ({ value, hint: `${hint} ago` }));
    else if (written.field === 'actor') found = ACTOR_KINDS.map((value) => ({ value, hint: '' }));
    else if (written.field === 'type' && part) found = [...labels].map(([value, hint]) => ({ value, hint }));
    else
      found = counted_
        .map((each) => ({ value: each.value ?? '', hint: countOf(each.events) }))
        .filter((each) => each.value);
    return found.filter(fits).slice(0, 10);
  }, [open, written, counts.data, counted, labels]);
}
