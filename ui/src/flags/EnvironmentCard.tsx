import {
  closestCenter,
  DndContext,
  type DragEndEvent,
  KeyboardSensor,
  PointerSensor,
  useSensor,
  useSensors,
} from '@dnd-kit/core';
import { SortableContext, sortableKeyboardCoordinates, verticalListSortingStrategy } from '@dnd-kit/sortable';
import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { Fragment, useEffect, useState } from 'react';
import { Can } from '../shared/Can';
import { Chip } from '../shared/Chip';
import { countOf } from '../shared/time';
import { useChange } from '../shared/useChange';
import { When } from '../shared/When';
import { type FlagEnvironment, orderStrategies, type Place, type Strategy } from './api';
import styles from './EnvironmentCard.module.css';
import { EnvironmentVariants } from './EnvironmentVariants';
import { FlagSwitch } from './FlagSwitch';
import { moved } from './model';
import { StrategyCard } from './StrategyCard';
import { StrategyEditor } from './StrategyEditor';

/** What a flag does in one environment. */
export function EnvironmentCard({
  place,
  environment,
  segments,
}: {
  place: Place;
  environment: FlagEnvironment;
  segments: Map<number, string>;
}) {
  const [editing, setEditing] = useState<Strategy | 'new' | null>(null);
  const [variants, setVariants] = useState(false);
  const { order, reorder } = useOrder(place, environment.strategies);
  const sensors = useSensors(
    useSensor(PointerSensor, { activationConstraint: { distance: 4 } }),
    useSensor(KeyboardSensor, { coordinateGetter: sortableKeyboardCoordinates }),
  );
  function dropped({ active, over }: DragEndEvent) {
    const from = order.findIndex((each) => each.id === active.id);
    const to = order.findIndex((each) => each.id === over?.id);
    if (from >= 0 && to >= 0 && from !== to) reorder(moved(order, from, to));
  }
  const asked = environment.yes + environment.no;
  return (
    <section
      className={`${styles.card} ${environment.type === 'production' ? styles.production : ''}`}
      aria-label={environment.name}
    >
      <header className={styles.head}>
        <FlagSwitch place={place} environment={environment} />
        <h2>{environment.name}</h2>
        {environment.type !== environment.name && <Chip tone="outline">{environment.type}</Chip>}
        <span className={environment.enabled ? styles.on : 'muted'}>{environment.enabled ? 'on' : 'off'}</span>
        <span className="muted">
          {asked
            ? `${countOf(environment.yes)} yes, ${countOf(environment.no)} no in the last hour`
            : 'no requests in the last hour'}
          {environment.lastSeenAt && (
            <>
              , last asked <When at={environment.lastSeenAt} />
            </>
          )}
        </span>
        <span className={styles.add}>
          <Can
            need={{ permission: 'CREATE_FEATURE_STRATEGY', project: place.projectId, environment: place.environment }}
          >
            <Button
              variant="subtle"
              color="gray"
              leftSection={<IconPlus size={14} />}
              onClick={() => setEditing('new')}
            >
              Strategy
            </Button>
          </Can>
        </span>
      </header>
      {order.length === 0 ? (
        <p className={styles.none}>No strategy yet. Turning it on adds one for everybody.</p>
      ) : (
        <DndContext sensors={sensors} collisionDetection={closestCenter} onDragEnd={dropped}>
          <SortableContext items={order.map((each) => each.id)} strategy={verticalListSortingStrategy}>
            {order.map((strategy, at) => (
              <Fragment key={strategy.id}>
                {at > 0 && <div className={styles.or}>or</div>}
                <StrategyCard
                  place={place}
                  strategy={strategy}
                  segments={segments}
                  onEdit={() => setEditing(strategy)}
                  onUp={at > 0 ? () => reorder(moved(order, at, at - 1)) : undefined}
                  onDown={at < order.length - 1 ? () => reorder(moved(order, at, at + 1)) : undefined}
                />
              </Fragment>
            ))}
          </SortableContext>
        </DndContext>
      )}
      {environment.variants && environment.variants.length > 0 && (
        <p className={styles.none}>
          Variants of the environment:{' '}
          {environment.variants.map((each) => `${each.name} ${each.weight / 10} %`).join(', ')}{' '}
          <Can
            need={{
              permission: 'UPDATE_FEATURE_ENVIRONMENT_VARIANTS',
              project: place.projectId,
              environment: place.environment,
            }}
          >
            <Button variant="subtle" color="gray" size="compact-sm" onClick={() => setVariants(true)}>
              Edit variants
            </Button>
          </Can>
        </p>
      )}
      {variants && <EnvironmentVariants place={place} environment={environment} onClose={() => setVariants(false)} />}
      {editing && (
        <StrategyEditor
          place={place}
          strategy={editing === 'new' ? null : editing}
          now={editing === 'new' ? undefined : environment.strategies.find((each) => each.id === editing.id)}
          segments={segments}
          onClose={() => setEditing(null)}
        />
      )}
    </section>
  );
}

/** The strategies in their order, which is shown before the server has answered. */
function useOrder(place: Place, strategies: Strategy[]) {
  const [order, setOrder] = useState(strategies);
  const change = useChange('flags');
  useEffect(() => setOrder(strategies), [strategies]);
  function reorder(next: Strategy[]) {
    const ids = (list: Strategy[]) => list.map((each) => each.id);
    setOrder(next);
    change.mutate(
      {
        run: () => orderStrategies(place, ids(next)),
        done: `Reordered the strategies in ${place.environment}.`,
        not: 'Not reordered',
        undo: () => orderStrategies(place, ids(strategies)),
      },
      { onError: () => setOrder(strategies) },
    );
  }
  return { order, reorder };
}
