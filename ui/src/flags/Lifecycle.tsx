import { Button, Select } from '@mantine/core';
import { useState } from 'react';
import { Can } from '../shared/Can';
import { Chip } from '../shared/Chip';
import { FormDialog } from '../shared/FormDialog';
import { useChange } from '../shared/useChange';
import { When } from '../shared/When';
import { complete, type Flag, uncomplete } from './api';
import { stageOf } from './model';
import styles from './Relations.module.css';

/** The stage of a flag's life; somebody says that it is over, applications say the rest. */
export function Lifecycle({ flag }: { flag: Flag }) {
  const change = useChange('flags');
  const [completing, setCompleting] = useState(false);
  const { lifecycle } = flag;
  const completed = lifecycle.stage === 'completed';
  const [name, meaning] = stageOf(lifecycle);
  return (
    <section aria-label="Lifecycle">
      <header className={styles.head}>
        <h2>Lifecycle</h2>
        {!flag.archived && (
          <Can need={{ permission: 'UPDATE_FEATURE', project: flag.project }}>
            <Button
              size="compact-xs"
              variant="subtle"
              color="gray"
              loading={change.isPending}
              onClick={() =>
                completed
                  ? change.mutate({
                      run: () => uncomplete(flag),
                      done: `${flag.name} is no longer completed.`,
                      not: 'Not undone',
                    })
                  : setCompleting(true)
              }
            >
              {completed ? 'Undo completion' : 'Mark completed'}
            </Button>
          </Can>
        )}
      </header>
      <p className={styles.none}>
        <Chip tone={lifecycle.stage === 'live' ? 'created' : 'neutral'}>{name}</Chip>{' '}
        {completed && lifecycle.status && `${lifecycle.status}, `}
        <When at={lifecycle.enteredStageAt} />: {meaning}.
      </p>
      {completing && <Complete flag={flag} onClose={() => setCompleting(false)} />}
    </section>
  );
}

function Complete({ flag, onClose }: { flag: Flag; onClose: () => void }) {
  const [kept, setKept] = useState('kept');
  const [variant, setVariant] = useState<string | null>(null);
  const variants = flag.environments.flatMap((environment) => [
    ...(environment.variants ?? []).map((each) => each.name),
    ...environment.strategies.flatMap((strategy) => strategy.variants.map((each) => each.name)),
  ]);
  return (
    <FormDialog
      title={`Mark ${flag.name} as completed`}
      act="Mark completed"
      ready
      keys={['flags']}
      done={`Marked ${flag.name} as completed.`}
      run={() =>
        complete(flag, {
          status: kept === 'kept' ? 'kept' : 'discarded',
          ...(kept === 'kept' && variant ? { statusValue: variant } : {}),
        })
      }
      onClose={onClose}
    >
      {() => (
        <>
          <Select
            label="What it was for"
            allowDeselect={false}
            data={[
              { value: 'kept', label: 'was kept' },
              { value: 'discarded', label: 'was discarded' },
            ]}
            value={kept}
            onChange={(next) => setKept(next ?? 'kept')}
          />
          {kept === 'kept' && variants.length > 0 && (
            <Select
              label="The variant that was kept"
              placeholder="None in particular"
              clearable
              clearButtonProps={{ 'aria-label': 'Choose no variant' }}
              data={[...new Set(variants)]}
              value={variant}
              onChange={setVariant}
            />
          )}
        </>
      )}
    </FormDialog>
  );
}
