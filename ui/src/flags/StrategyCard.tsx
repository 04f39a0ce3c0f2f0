import { useSortable } from '@dnd-kit/sortable';
import { ActionIcon, Menu } from '@mantine/core';
import { IconDots, IconGripVertical } from '@tabler/icons-react';
import { useMay } from '../session/permissions';
import { Chip } from '../shared/Chip';
import { useChange } from '../shared/useChange';
import { addStrategy, type Place, removeStrategy, type Strategy, setStrategyDisabled } from './api';
import { cleaned, draftOf, rolloutOf } from './model';
import { Sentence } from './Sentence';
import styles from './StrategyCard.module.css';

/** A strategy as a sentence, with its rollout as a bar. */
export function StrategyCard({
  place,
  strategy,
  segments,
  onEdit,
  onUp,
  onDown,
}: {
  place: Place;
  strategy: Strategy;
  segments: Map<number, string>;
  onEdit: () => void;
  onUp: (() => void) | undefined;
  onDown: (() => void) | undefined;
}) {
  const change = useChange('flags');
  const may = useMay();
  const scope = { project: place.projectId, environment: place.environment };
  const mayUpdate = may({ permission: 'UPDATE_FEATURE_STRATEGY', ...scope });
  const { attributes, listeners, setNodeRef, transform, transition, isDragging } = useSortable({
    id: strategy.id,
    disabled: !mayUpdate,
  });
  const title = strategy.title || (strategy.name === 'flexibleRollout' ? 'Gradual rollout' : strategy.name);
  const rollout = rolloutOf(strategy);
  const { disabled } = strategy;
  return (
    <article
      ref={setNodeRef}
      className={`${styles.card} ${isDragging ? styles.dragged : ''}`}
      style={{ transform: transform ? `translate3d(0, ${transform.y}px, 0)` : undefined, transition }}
      aria-label={title}
    >
      <button type="button" className={styles.grip} {...attributes} {...listeners} aria-label={`Drag ${title}`}>
        <IconGripVertical size={14} />
      </button>
      <div className={styles.body}>
        <h3 className={styles.title}>
          <button type="button" onClick={onEdit} disabled={!mayUpdate}>
            {title}
          </button>
          {disabled && <Chip>disabled</Chip>}
        </h3>
        <p className={`${styles.sentence} ${disabled ? styles.disabled : ''}`}>
          <Sentence strategy={strategy} segments={segments} />
        </p>
        {rollout !== null && (
          <div className={styles.bar} aria-hidden>
            <span style={{ width: `${rollout}%` }} />
          </div>
        )}
        {strategy.variants.length > 0 && (
          <p className={styles.variants}>
            They get{' '}
            {strategy.variants.map((variant) => (
              <span key={variant.name}>
                <strong>{variant.name}</strong> {variant.weight / 10} %
              </span>
            ))}
          </p>
        )}
      </div>
      {rollout !== null && <span className={styles.percent}>{rollout} %</span>}
      <Menu>
        <Menu.Target>
          <ActionIcon aria-label={`More for ${title}`}>
            <IconDots size={15} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={onEdit} disabled={!mayUpdate}>
            Edit
          </Menu.Item>
          <Menu.Item onClick={onUp} disabled={!onUp || !mayUpdate}>
            Move up
          </Menu.Item>
          <Menu.Item onClick={onDown} disabled={!onDown || !mayUpdate}>
            Move down
          </Menu.Item>
          <Menu.Item
            disabled={!mayUpdate}
            onClick={() =>
              change.mutate({
                run: () => setStrategyDisabled(place, strategy.id, !disabled),
                done: `${disabled ? 'Enabled' : 'Disabled'} ${title} in ${place.environment}.`,
                not: `Not ${disabled ? 'enabled' : 'disabled'}`,
                undo: () => setStrategyDisabled(place, strategy.id, disabled),
              })
            }
          >
            {disabled ? 'Enable' : 'Disable'}
          </Menu.Item>
          <Menu.Item
            color="red"
            disabled={!may({ permission: 'DELETE_FEATURE_STRATEGY', ...scope })}
            onClick={() =>
              change.mutate({
                run: () => removeStrategy(place, strategy.id),
                done: `Removed ${title} from ${place.environment}.`,
                not: 'Not removed',
                undo: () => addStrategy(place, cleaned(draftOf(strategy))),
              })
            }
          >
            Remove
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </article>
  );
}
