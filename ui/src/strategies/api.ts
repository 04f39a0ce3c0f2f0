import { change, client, type Schema } from '../api/client';

export type StrategyType = Schema['StrategiesStrategyOut'];
export type StrategyParameter = Schema['ParameterBody'];

const of = (name: string) => ({ params: { path: { name } } });

export const createStrategyType = (body: Schema['StrategyBody']) =>
  change(client.POST('/api/admin/strategies', { body }));

export const updateStrategyType = (name: string, body: Schema['StrategyChangeBody']) =>
  change(client.PUT('/api/admin/strategies/{name}', { ...of(name), body }));

export const deleteStrategyType = (name: string) => change(client.DELETE('/api/admin/strategies/{name}', of(name)));

export const setDeprecated = (strategyName: string, deprecated: boolean) => {
  const params = { path: { strategyName } };
  return deprecated
    ? change(client.POST('/api/admin/strategies/{strategyName}/deprecate', { params }))
    : change(client.POST('/api/admin/strategies/{strategyName}/reactivate', { params }));
};
