/** The way back from an event, where there is one: what it would do, in words, and the call that does it. */
import { because, type Changed, change, client, type Schema } from '../api/client';
import type { Need } from '../session/model';
import type { LogEvent } from './model';

export interface Undo {
  /** `Turn on checkout in production`. */
  act: string;
  need: Need;
  run: (reason: string) => Promise<Changed<unknown>>;
}

type Draft = Schema['StrategyDraft'] & { sortOrder?: number };

/** What undoes an event; null: nothing does, or not safely. */
export function undoOf(event: LogEvent): Undo | null {
  const { featureName, project, environment } = event;
  if (!featureName || !project) return null;
  const flag = { projectId: project, featureName };
  if (!environment) return undoOfFlag(event, flag);
  const place = { ...flag, environment };
  const base = '/api/admin/projects/{projectId}/features/{featureName}/environments/{environment}' as const;
  const strategyId = String(event.data?.id ?? event.preData?.id ?? '');
  switch (event.type) {
    case 'feature-environment-enabled':
      return {
        act: `Turn off ${featureName} in ${environment}`,
        need: { permission: 'UPDATE_FEATURE_ENVIRONMENT', project, environment },
        run: (reason) => change(client.POST(`${base}/off`, { params: { path: place, header: because(reason) } })),
      };
    case 'feature-environment-disabled':
      return {
        act: `Turn on ${featureName} in ${environment}`,
        need: { permission: 'UPDATE_FEATURE_ENVIRONMENT', project, environment },
        run: (reason) => change(client.POST(`${base}/on`, { params: { path: place, header: because(reason) } })),
      };
    case 'feature-strategy-add':
      return {
        act: `Remove this strategy from ${featureName} in ${environment}`,
        need: { permission: 'DELETE_FEATURE_STRATEGY', project, environment },
        run: (reason) =>
          change(
            client.DELETE(`${base}/strategies/{strategyId}`, {
              params: { path: { ...place, strategyId }, header: because(reason) },
            }),
          ),
      };
    case 'feature-strategy-update':
      return event.preData
        ? {
            act: `Set the strategy of ${featureName} in ${environment} back to what it was`,
            need: { permission: 'UPDATE_FEATURE_STRATEGY', project, environment },
            run: (reason) =>
              change(
                client.PUT(`${base}/strategies/{strategyId}`, {
                  params: { path: { ...place, strategyId }, header: because(reason) },
                  body: draftOf(event.preData),
                }),
              ),
          }
        : null;
    case 'feature-strategy-remove':
      return event.preData
        ? {
            act: `Add the strategy to ${featureName} in ${environment} again`,
            need: { permission: 'CREATE_FEATURE_STRATEGY', project, environment },
            run: (reason) =>
              change(
                client.POST(`${base}/strategies`, {
                  params: { path: place, header: because(reason) },
                  body: draftOf(event.preData),
                }),
              ),
          }
        : null;
    default:
      return null;
  }
}

function undoOfFlag(event: LogEvent, flag: { projectId: string; featureName: string }): Undo | null {
  const { featureName, projectId } = flag;
  if (event.type === 'feature-archived')
    return {
      act: `Revive ${featureName}`,
      need: { permission: 'UPDATE_FEATURE', project: projectId },
      run: (reason) =>
        change(
          client.POST('/api/admin/projects/{projectId}/revive', {
            params: { path: { projectId }, header: because(reason) },
            body: { features: [featureName] },
          }),
        ),
    };
  if (event.type === 'feature-created' || event.type === 'feature-revived')
    return {
      act: `Archive ${featureName}`,
      need: { permission: 'DELETE_FEATURE', project: projectId },
      run: (reason) =>
        change(
          client.DELETE('/api/admin/projects/{projectId}/features/{featureName}', {
            params: { path: flag, header: because(reason) },
          }),
        ),
    };
  return null;
}

/** A strategy as an event holds it, as a body: without what the server decides. */
function draftOf(data: Record<string, unknown> | null): Draft {
  const { name, title, disabled, constraints, variants, parameters, segments } = data ?? {};
  return { name, title, disabled, constraints, variants, parameters, segments } as Draft;
}
