import { ago, utc, wholeTime } from './time';

/** How long ago something was; its title is the exact time. */
export function When({ at }: { at: string }) {
  return (
    <time dateTime={at} title={`${wholeTime(at)}\n${utc(at)}`}>
      {ago(at)}
    </time>
  );
}
