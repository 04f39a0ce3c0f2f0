import { IconCheck, IconMinus, IconX } from '@tabler/icons-react';
import { Chip } from '../shared/Chip';
import { Pieces } from '../shared/Pieces';
import type { Played, PlayedFlag, PlayedStrategy } from './api';
import { beforeStrategies, type Part, partsOf } from './model';
import styles from './Playground.module.css';

/** Why a flag is on or off, in each environment and in each context. */
export function Why({ flag, environments }: { flag: Played; environments: string[] }) {
  return (
    <div className={styles.why}>
      {environments.flatMap((environment) =>
        (flag.environments[environment] ?? []).map((played, at, all) => (
          <section key={`${environment} ${at}`} aria-label={`${flag.name} in ${environment}`}>
            <h3>
              {environment}: {played.isEnabled ? 'on' : 'off'}
              {all.length > 1 && <span className="muted"> for {shown(played)}</span>}
            </h3>
            <Parts parts={beforeStrategies(played)} />
            {played.strategies.data.map((strategy) => (
              <Strategy key={strategy.id} strategy={strategy} />
            ))}
          </section>
        )),
      )}
    </div>
  );
}

function Strategy({ strategy }: { strategy: PlayedStrategy }) {
  const { disabled, result } = strategy;
  return (
    <>
      <div>
        {strategy.title || strategy.name}{' '}
        <Chip tone={result.enabled === true ? 'created' : 'neutral'}>
          {disabled
            ? 'disabled'
            : result.enabled === 'unknown'
              ? 'only the application can tell'
              : ON[`${result.enabled}`]}
        </Chip>
      </div>
      <Parts parts={partsOf(strategy)} />
    </>
  );
}

const ON = { true: 'holds', false: 'does not hold' };

/** Ticked, crossed, or not asked. */
function Parts({ parts }: { parts: Part[] }) {
  return (
    <ul className={styles.parts}>
      {parts.map((part, at) => (
        <li key={at}>
          {part.holds === null ? (
            <IconMinus size={14} aria-label="not asked:" role="img" />
          ) : part.holds ? (
            <IconCheck size={14} aria-label="holds:" role="img" className={styles.holds} />
          ) : (
            <IconX size={14} aria-label="does not hold:" role="img" className={styles.fails} />
          )}
          <Pieces of={part.pieces} />
          {part.parts && part.parts.length > 0 && <Parts parts={part.parts} />}
        </li>
      ))}
    </ul>
  );
}

/** A context in one line: what was asked, without what is the same for all. */
function shown({ context }: PlayedFlag): string {
  const { appName: _, environment: __, properties, ...own } = context;
  const fields = { ...own, ...(properties as Record<string, unknown> | undefined) };
  return Object.entries(fields)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(', ');
}
