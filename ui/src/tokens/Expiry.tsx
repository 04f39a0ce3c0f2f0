import { Chip } from '../shared/Chip';
import { utc, wholeTime } from '../shared/time';

/** When a token ends; that it has, or soon will, is said in words. */
export function Expiry({ at }: { at: string | null }) {
  if (at === null) return 'never';
  const days = (new Date(at).getTime() - Date.now()) / 86_400_000;
  return (
    <span title={`${wholeTime(at)}\n${utc(at)}`}>
      {days <= 0 ? (
        <Chip tone="removed">expired</Chip>
      ) : days < 7 ? (
        <Chip tone="warning">in {days < 1 ? 'less than a day' : `${Math.round(days)} d`}</Chip>
      ) : (
        new Date(at).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })
      )}
    </span>
  );
}
