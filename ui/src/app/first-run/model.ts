/** What the first steps of an instance are. Pure. */
import type { RowEvent } from '../../eventlog/model';

/** The events, the newest first, that tell of the steps: the flag that was created, what connected, what was switched. */
export function beginningOf(events: readonly RowEvent[]) {
  const latest = (type: string) => events.find((each) => each.type === type);
  return {
    created: latest('feature-created'),
    connected: latest('application-created'),
    switched: latest('feature-environment-enabled') ?? latest('feature-environment-disabled'),
  };
}

/** Where to try something: development, else the first that is not production, else the first. */
export function firstEnvironment(environments: { name: string; type: string; enabled: boolean }[]): string {
  const enabled = environments.filter((each) => each.enabled);
  const found =
    enabled.find((each) => each.name === 'development') ??
    enabled.find((each) => each.type !== 'production') ??
    enabled[0];
  return found?.name ?? '';
}
