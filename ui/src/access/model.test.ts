import { describe, expect, it } from 'vitest';
import { keyOf, permissionOf, sectionsOf } from './model';

const permission = (name: string, type: string, environment?: string) => ({
  id: 1,
  name,
  displayName: name,
  type,
  ...(environment ? { environment } : {}),
});
const all = {
  root: [permission('CREATE_PROJECT', 'root')],
  project: [permission('UPDATE_FEATURE', 'project')],
  environments: [{ name: 'production', permissions: [permission('UPDATE_STRATEGY', 'environment', 'production')] }],
};

describe('what a role can allow', () => {
  it('is one place for a role of the server, and several for one of projects', () => {
    expect(sectionsOf(all, 'root-custom').map((each) => each.title)).toEqual(['On this server']);
    expect(sectionsOf(all, 'custom').map((each) => each.title)).toEqual(['In a project', 'In production']);
  });

  it('is never less than what the role allows already', () => {
    const had = [permission('UPDATE_STRATEGY', 'environment'), permission('UPDATE_STRATEGY', 'environment', 'gone')];
    const [first] = sectionsOf(all, 'custom', had);
    expect(first).toEqual({
      title: 'Everywhere',
      choices: [
        { key: 'UPDATE_STRATEGY', name: 'UPDATE_STRATEGY' },
        { key: 'UPDATE_STRATEGY@gone', name: 'UPDATE_STRATEGY' },
      ],
    });
  });
});

it.each([{ name: 'A' }, { name: 'A', environment: 'b@c' }])('%j is one word, and that word is it', (each) => {
  expect(permissionOf(keyOf(each))).toEqual(each);
});
