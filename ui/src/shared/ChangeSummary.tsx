import { useMemo } from 'react';
import { ChangeList } from './diff/ChangeList';
import { changesOf } from './diff/changes';

/** What saving would change, before it is saved. */
export function ChangeSummary({ type, before, after }: { type: string; before: object; after: object }) {
  const changes = useMemo(
    () => changesOf({ type, preData: before as Record<string, unknown>, data: after as Record<string, unknown> }),
    [type, before, after],
  );
  if (!changes.length) return <p className="hint">Nothing is different from what is stored.</p>;
  return (
    <section aria-label="What this changes">
      <h3>What this changes</h3>
      <ChangeList changes={changes} empty="" />
    </section>
  );
}
