import { Alert, Button, Drawer, NumberInput, Select, Slider, Switch, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { messageOf } from '../api/errors';
import { ChangeSummary } from '../shared/ChangeSummary';
import { ConstraintsEditor } from '../shared/ConstraintsEditor';
import { MeanwhileNote, useMeanwhile } from '../shared/Meanwhile';
import { useChange } from '../shared/useChange';
import {
  addStrategy,
  type Place,
  type Strategy,
  type StrategyDraft,
  saveStrategy,
  segmentsQuery,
  strategyTypesQuery,
} from './api';
import { aboutOneIn, cleaned, draftOf, newStrategy, problemOf } from './model';
import { SegmentsPicker } from './SegmentsPicker';
import { Sentence } from './Sentence';
import styles from './StrategyEditor.module.css';
import { VariantsEditor } from './VariantsEditor';

const STICKINESS = ['default', 'userId', 'sessionId', 'random'];

/** Who gets it, how many of them, and what they get; the sentence above and the difference below follow each key. */
export function StrategyEditor({
  place,
  strategy,
  now,
  segments,
  onClose,
}: {
  place: Place;
  /** As it was when it was opened; null: a new one. */
  strategy: Strategy | null;
  /** As it is stored at present. */
  now: Strategy | undefined;
  segments: Map<number, string>;
  onClose: () => void;
}) {
  const stored = useMemo(
    () => (strategy ? draftOf(strategy) : newStrategy(place.featureName)),
    [strategy, place.featureName],
  );
  const [draft, setDraft] = useState<StrategyDraft>(stored);
  const meanwhile = useMeanwhile(strategy ? now && draftOf(now) : stored, draft);
  const set = (part: Partial<StrategyDraft>) => setDraft((old) => ({ ...old, ...part }));
  const change = useChange('flags');
  const saving = useMutation({
    mutationFn: () =>
      change.mutateAsync({
        run: () => (strategy ? saveStrategy(place, strategy.id, cleaned(draft)) : addStrategy(place, cleaned(draft))),
        done: `${strategy ? 'Saved' : 'Added'} the strategy in ${place.environment}.`,
        not: 'Not saved',
        ...(strategy ? { undo: () => saveStrategy(place, strategy.id, cleaned(meanwhile.base)) } : {}),
      }),
    onSuccess: onClose,
  });
  const problem = problemOf(draft);
  return (
    <Drawer
      opened
      onClose={onClose}
      title={`${strategy ? 'Strategy' : 'New strategy'} in ${place.environment}`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (!problem) saving.mutate();
        }}
      >
        {!saving.isPending && !saving.isSuccess && (
          <MeanwhileNote of={meanwhile} type="feature-strategy-update" what="strategy" onTake={setDraft} />
        )}
        <p className={styles.sentence} aria-live="polite">
          <Sentence strategy={draft} segments={segments} />
        </p>
        <TextInput
          label="Title"
          value={draft.title ?? ''}
          onChange={(event) => set({ title: event.currentTarget.value })}
        />
        <fieldset className={styles.part}>
          <legend>Who</legend>
          <SegmentsPicker
            value={draft.segments ?? []}
            onChange={(ids) => set({ segments: ids })}
            segments={useQuery(segmentsQuery).data ?? []}
          />
          <ConstraintsEditor value={draft.constraints ?? []} onChange={(constraints) => set({ constraints })} />
        </fieldset>
        <Reach draft={draft} isNew={!strategy} onChange={set} />
        <fieldset className={styles.part}>
          <legend>What they get</legend>
          <VariantsEditor value={draft.variants ?? []} onChange={(variants) => set({ variants })} />
        </fieldset>
        <Switch
          label="Disabled: it is kept, but does nothing"
          checked={draft.disabled ?? false}
          onChange={(event) => set({ disabled: event.currentTarget.checked })}
        />
        {strategy && (
          <ChangeSummary type="feature-strategy-update" before={cleaned(meanwhile.base)} after={cleaned(draft)} />
        )}
        {saving.isError && (
          <Alert color="red" role="alert">
            {messageOf(saving.error)}
          </Alert>
        )}
        <div className={styles.foot}>
          <span className="hint">{problem}</span>
          <Button onClick={onClose}>Close</Button>
          <Button type="submit" variant="filled" disabled={problem !== null} loading={saving.isPending}>
            {strategy ? 'Save strategy' : 'Add strategy'}
          </Button>
        </div>
      </form>
    </Drawer>
  );
}

/** The kind of strategy, and its parameters: for a gradual rollout how many, and what keeps the answer. */
function Reach({
  draft,
  isNew,
  onChange,
}: {
  draft: StrategyDraft;
  isNew: boolean;
  onChange: (part: Partial<StrategyDraft>) => void;
}) {
  const types = useQuery(strategyTypesQuery).data ?? [];
  const parameters = draft.parameters ?? {};
  const put = (name: string, value: string) => onChange({ parameters: { ...parameters, [name]: value } });
  const rollout = Number(parameters.rollout ?? 100);
  const type = types.find((each) => each.name === draft.name);
  return (
    <fieldset className={styles.part}>
      <legend>How many</legend>
      {isNew && types.length > 1 && (
        <Select
          label="Kind of strategy"
          allowDeselect={false}
          data={types
            .filter((each) => !each.deprecated)
            .map((each) => ({ value: each.name, label: each.displayName || each.name }))}
          value={draft.name}
          onChange={(name) =>
            name &&
            onChange({
              name,
              parameters:
                name === 'flexibleRollout' ? { ...newStrategy('').parameters, groupId: parameters.groupId ?? '' } : {},
            })
          }
        />
      )}
      {draft.name === 'flexibleRollout' ? (
        <>
          <div className={styles.rollout}>
            <Slider
              className={styles.slider}
              value={rollout}
              onChange={(value) => put('rollout', String(value))}
              label={null}
              marks={[0, 25, 50, 75, 100].map((value) => ({ value }))}
              thumbLabel="Rollout in percent"
            />
            <NumberInput
              aria-label="Rollout in percent"
              w={84}
              min={0}
              max={100}
              suffix=" %"
              value={rollout}
              onChange={(value) => put('rollout', String(value === '' ? 0 : value))}
            />
          </div>
          <div className="hint">{aboutOneIn(rollout)}</div>
          <div className={styles.two}>
            <Select
              label="Who keeps the answer"
              allowDeselect={false}
              data={[...new Set([...STICKINESS, String(parameters.stickiness ?? 'default')])]}
              value={String(parameters.stickiness ?? 'default')}
              onChange={(value) => put('stickiness', value ?? 'default')}
            />
            <TextInput
              label="Group"
              description="Flags of one group choose the same users"
              value={String(parameters.groupId ?? '')}
              onChange={(event) => put('groupId', event.currentTarget.value)}
            />
          </div>
        </>
      ) : (
        (type?.parameters ?? []).map((parameter) => (
          <TextInput
            key={parameter.name}
            label={parameter.name}
            description={parameter.description}
            required={parameter.required}
            value={String(parameters[parameter.name] ?? '')}
            onChange={(event) => put(parameter.name, event.currentTarget.value)}
          />
        ))
      )}
    </fieldset>
  );
}
