import { Button, Modal } from '@mantine/core';
import { useState } from 'react';
import { Can } from '../shared/Can';
import { Switch } from '../shared/Switch';
import { useChange } from '../shared/useChange';
import { type Place, switchFlag } from './api';
import { onlyDisabled } from './model';

/** A flag's switch in one environment. */
export function FlagSwitch({
  place,
  environment,
}: {
  place: Place;
  environment: { enabled: boolean; hasStrategies: boolean; hasEnabledStrategies: boolean };
}) {
  const change = useChange('flags');
  const [asking, setAsking] = useState(false);
  const [wanted, setWanted] = useState<boolean | null>(null);
  const { featureName, projectId } = place;
  const where = place.environment;

  function set(on: boolean, enableDisabled = false) {
    setAsking(false);
    setWanted(on);
    change.mutate(
      {
        run: () => switchFlag(place, on, enableDisabled),
        done: `Turned ${on ? 'on' : 'off'} ${featureName} in ${where}.`,
        not: `Not turned ${on ? 'on' : 'off'}`,
        undo: () => switchFlag(place, !on),
      },
      { onSettled: () => setWanted(null) },
    );
  }

  return (
    <>
      <Can need={{ permission: 'UPDATE_FEATURE_ENVIRONMENT', project: projectId, environment: where }}>
        <Switch
          on={wanted ?? environment.enabled}
          label={`${featureName} in ${where}`}
          onChange={(on) => (on && onlyDisabled(environment) ? setAsking(true) : set(on))}
        />
      </Can>
      <Modal
        opened={asking}
        onClose={() => setAsking(false)}
        title={`Turn on ${featureName} in ${where}?`}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <p>All its strategies there are disabled, so that it would be on for nobody. What should it do?</p>
        <div className="buttons">
          <Button onClick={() => setAsking(false)}>Leave it off</Button>
          <Button onClick={() => set(true)}>Add a strategy for everybody</Button>
          <Button variant="filled" onClick={() => set(true, true)}>
            Enable its strategies
          </Button>
        </div>
      </Modal>
    </>
  );
}
