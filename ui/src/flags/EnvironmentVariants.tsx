import { Alert, Button, Drawer } from '@mantine/core';
import { useState } from 'react';
import { reasons } from '../shared/FormDialog';
import { MeanwhileNote, useMeanwhile } from '../shared/Meanwhile';
import { useChange } from '../shared/useChange';
import { type FlagEnvironment, type Place, saveVariants, type Variant } from './api';
import { problemOfVariants } from './model';
import styles from './StrategyEditor.module.css';
import { VariantsEditor } from './VariantsEditor';

const variantsOf = (environment: FlagEnvironment) => ({ variants: (environment.variants ?? []) as Variant[] });

/** Variants of a whole environment, which flags of older days have: new ones have them in their strategies. */
export function EnvironmentVariants({
  place,
  environment,
  onClose,
}: {
  place: Place;
  environment: FlagEnvironment;
  onClose: () => void;
}) {
  const [draft, setDraft] = useState(variantsOf(environment));
  const meanwhile = useMeanwhile(variantsOf(environment), draft);
  const change = useChange('flags');
  const problem = problemOfVariants(draft.variants);
  return (
    <Drawer
      opened
      onClose={onClose}
      title={`Variants in ${place.environment}`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (problem) return;
          change.mutate(
            {
              run: () => saveVariants(place, draft.variants),
              done: `Saved the variants in ${place.environment}.`,
              not: 'Not saved',
              undo: () => saveVariants(place, meanwhile.base.variants),
            },
            { onSuccess: onClose },
          );
        }}
      >
        {change.isIdle && (
          <MeanwhileNote
            of={meanwhile}
            type="feature-environment-variants-updated"
            what="list of variants"
            onTake={setDraft}
          />
        )}
        <p className="hint">They hold for every strategy here that has no variants of its own.</p>
        <VariantsEditor value={draft.variants} onChange={(variants) => setDraft({ variants })} />
        {change.isError && (
          <Alert color="red" variant="light" role="alert" title="Not saved">
            {reasons(change.error)}
          </Alert>
        )}
        <div className={styles.foot}>
          <span className="hint">{problem}</span>
          <Button onClick={onClose}>Close</Button>
          <Button type="submit" variant="filled" disabled={problem !== null} loading={change.isPending}>
            Save variants
          </Button>
        </div>
      </form>
    </Drawer>
  );
}
