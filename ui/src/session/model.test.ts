import { expect, it } from 'vitest';
import { browserName, may, signOnPath } from './model';

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

it.each([
  ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox on Linux'],
  ['Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/141.0 Safari/537.36 Edg/141.0', 'Edge on Windows'],
  ['Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) AppleWebKit/605.1 Version/17 Safari/605.1', 'Safari on macOS'],
  ['curl/8.1', 'curl/8.1'],
  ['', 'something unknown'],
])('%s', (agent, name) => expect(browserName(agent)).toBe(name));

it.each([
  ['', undefined, '/auth/saml/login'],
  ['', '/projects?a=1', '/auth/saml/login?redirect=%2Fprojects%3Fa%3D1'],
  ['/flags', undefined, '/flags/auth/saml/login'],
  ['/flags', '/projects', '/flags/auth/saml/login?redirect=%2Fflags%2Fprojects'],
  ['/flags', '/flags/projects', '/flags/auth/saml/login?redirect=%2Fflags%2Fprojects'],
])('%s and %s', (base, target, path) => expect(signOnPath(base, '/auth/saml/login', target)).toBe(path));
