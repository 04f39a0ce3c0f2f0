import { change, client, type Schema } from '../api/client';

export type TagType = Schema['TagTypeOut'];

const of = (name: string) => ({ params: { path: { name } } });

export const createTagType = (body: Schema['TagTypeBody']) => change(client.POST('/api/admin/tag-types', { body }));

export const updateTagType = (name: string, body: Schema['TagTypeChangeBody']) =>
  change(client.PUT('/api/admin/tag-types/{name}', { ...of(name), body }));

export const deleteTagType = (name: string) => change(client.DELETE('/api/admin/tag-types/{name}', of(name)));
