import { Textarea, TextInput } from '@mantine/core';
import type { About } from './FormDialog';

interface Named {
  name: string;
  description: string;
}

/** The fields of a form for what something is called and what it is there for. */
export function Words({ draft, about, set }: { draft: Named; about: About; set: (part: Partial<Named>) => void }) {
  return (
    <>
      <TextInput
        label="Name"
        value={draft.name}
        error={about('name')}
        onChange={(event) => set({ name: event.currentTarget.value })}
        autoComplete="off"
        data-autofocus
      />
      <Textarea
        label="Description"
        autosize
        minRows={2}
        value={draft.description}
        error={about('description')}
        onChange={(event) => set({ description: event.currentTarget.value })}
      />
    </>
  );
}
