import { expect, it } from 'vitest';
import { may } from './model';

const need = { permission: 'UPDATE_FEATURE', project: 'shop', environment: 'production' };

it.each([
  [[{ permission: 'ADMIN' }], true],
  [[{ permission: 'UPDATE_FEATURE' }], true],
  [[{ permission: 'UPDATE_FEATURE', project: '*' }], true],
  [[{ permission: 'UPDATE_FEATURE', project: 'shop' }], true],
  [[{ permission: 'UPDATE_FEATURE', project: 'shop', environment: 'production' }], true],
  [[{ permission: 'UPDATE_FEATURE', project: 'shop', environment: 'development' }], false],
  [[{ permission: 'UPDATE_FEATURE', project: 'other' }], false],
  [[{ permission: 'CREATE_FEATURE', project: 'shop' }], false],
  [[], false],
])('%j: %s', (granted, allowed) => {
  expect(may(granted, need)).toBe(allowed);
});
