import { Alert, Button } from '@mantine/core';
import { useEffect, useState } from 'react';
import { ApiError } from '../api/errors';
import { ChangeList } from './diff/ChangeList';
import { changesOf } from './diff/changes';

interface Meanwhile<T> {
  /** What the form began with, or was last made to agree with. */
  base: T;
  /** What somebody else has made of it since; null: nothing. */
  theirs: T | null;
  /** Whether it is there no more. */
  gone: boolean;
  /** From here on, what they made of it counts as known. */
  agree: () => void;
}

const same = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);

/**
 * Follows what a form is about while somebody fills it in. `current` is what is stored now, undefined when it is there
 * no more; `draft` has the same shape. What is stored just as it was typed is nobody else's doing.
 */
export function useMeanwhile<T extends object>(current: T | undefined, draft: T): Meanwhile<T> {
  const [base, setBase] = useState<T>(current ?? draft);
  const theirs = current && !same(current, base) && !same(current, draft) ? current : null;
  const saved = current && !same(current, base) && same(current, draft);
  useEffect(() => {
    if (saved) setBase(current);
  }, [saved, current]);
  return { base, theirs, gone: current === undefined, agree: () => current && setBase(current) };
}

/** Says what others did meanwhile: their version can be taken, or the own one kept. Nothing typed is lost by it. */
export function MeanwhileNote<T extends object>({
  of,
  type,
  what,
  onTake,
}: {
  of: Meanwhile<T>;
  /** The type of the event that such a change records. */
  type: string;
  /** `strategy` */
  what: string;
  onTake: (theirs: T) => void;
}) {
  const { theirs, base, agree } = of;
  if (of.gone)
    return (
      <Alert color="red" variant="light" role="alert" title={`This ${what} is gone`}>
        Somebody removed it while you were writing. What you wrote stays here until you close it.
      </Alert>
    );
  if (!theirs) return null;
  return (
    <Alert color="yellow" variant="light" role="alert" title={`Somebody changed this ${what} meanwhile`}>
      <ChangeList
        changes={changesOf({
          type,
          preData: base as Record<string, unknown>,
          data: theirs as Record<string, unknown>,
        })}
        empty="Only its order is another one."
      />
      <p>Saving replaces theirs with what you wrote.</p>
      <div className="buttons">
        <Button
          onClick={() => {
            onTake(theirs);
            agree();
          }}
        >
          Take theirs
        </Button>
        <Button onClick={agree}>Keep mine</Button>
      </div>
    </Alert>
  );
}

/** A page whose subject can no longer be read goes on showing what it knew, and says so. */
export function Stale({ error, what }: { error: unknown; what: string }) {
  if (!error) return null;
  const missing = error instanceof ApiError && error.status === 404;
  return (
    <Alert
      color={missing ? 'red' : 'yellow'}
      variant="light"
      role="alert"
      title={missing ? `This ${what} is not here any more` : `This ${what} cannot be read at the moment`}
    >
      {missing
        ? 'It was archived, deleted or moved, or you may not see it any more. What is shown is how it was; what you wrote is kept until you leave.'
        : 'What is shown is how it was. It is asked for again.'}
    </Alert>
  );
}
