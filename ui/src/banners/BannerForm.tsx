import { Select, Textarea, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { FormDialog } from '../shared/FormDialog';
import { MeanwhileNote, useMeanwhile } from '../shared/Meanwhile';
import { type Banner, bannersQuery, createBanner, updateBanner } from './api';
import BannerBar from './BannerBar';
import { VARIANTS } from './model';

interface Draft {
  message: string;
  variant: string;
  link: string;
  linkText: string;
  dialogTitle: string;
  dialog: string;
}

const draftOf = (banner?: Banner): Draft => ({
  message: banner?.message ?? '',
  variant: banner?.variant ?? 'info',
  link: banner?.link ?? '',
  linkText: banner?.linkText ?? '',
  dialogTitle: banner?.dialogTitle ?? '',
  dialog: banner?.dialog ?? '',
});

/** What a banner says, and where it leads. It is shown as it will be. */
export function BannerForm({ id, onClose }: { id: number | null; onClose: () => void }) {
  const stored = useQuery(bannersQuery).data?.find((each) => each.id === id);
  const [known] = useState(stored);
  const [draft, setDraft] = useState(() => draftOf(stored));
  const meanwhile = useMeanwhile(id === null ? draft : stored && draftOf(stored), draft);
  const set = (next: Partial<Draft>) => setDraft((old) => ({ ...old, ...next }));
  const opens = draft.link === 'dialog';
  const said = {
    message: draft.message.trim(),
    variant: draft.variant,
    sticky: known?.sticky ?? false,
    icon: known?.icon ?? null,
    link: draft.link.trim() || null,
    linkText: draft.linkText.trim() || null,
    dialogTitle: draft.dialogTitle.trim() || null,
    dialog: draft.dialog || null,
  };
  return (
    <FormDialog
      title={known ? 'Change the banner' : 'Create a banner'}
      act={known ? 'Save banner' : 'Create banner'}
      ready={said.message !== ''}
      keys={['banners']}
      done={known ? 'Saved the banner.' : 'Everybody is shown the banner.'}
      run={() => (known ? updateBanner(known.id, said) : createBanner({ ...said, enabled: true }))}
      onClose={onClose}
    >
      {(about) => (
        <>
          <MeanwhileNote of={meanwhile} type="banner-updated" what="banner" onTake={setDraft} />
          <Textarea
            label="Message"
            autosize
            minRows={2}
            value={draft.message}
            error={about('message')}
            onChange={(event) => set({ message: event.currentTarget.value })}
            data-autofocus
          />
          <Select
            label="Kind"
            allowDeselect={false}
            data={VARIANTS}
            value={draft.variant}
            error={about('variant')}
            onChange={(variant) => variant && set({ variant })}
          />
          <TextInput
            label="Leads to"
            description="An address, a path of this server, or the word dialog: then it opens a text of its own"
            value={draft.link}
            error={about('link')}
            onChange={(event) => set({ link: event.currentTarget.value })}
            autoComplete="off"
            spellCheck={false}
          />
          {draft.link && (
            <TextInput
              label="Words of the link"
              placeholder="More"
              value={draft.linkText}
              error={about('linkText')}
              onChange={(event) => set({ linkText: event.currentTarget.value })}
            />
          )}
          {opens && (
            <>
              <TextInput
                label="Title of the text"
                value={draft.dialogTitle}
                error={about('dialogTitle')}
                onChange={(event) => set({ dialogTitle: event.currentTarget.value })}
              />
              <Textarea
                label="The text"
                description="It is shown as it is written"
                autosize
                minRows={3}
                value={draft.dialog}
                error={about('dialog')}
                onChange={(event) => set({ dialog: event.currentTarget.value })}
              />
            </>
          )}
          {said.message && <BannerBar banner={{ id: 0, createdAt: '', enabled: true, ...said }} />}
        </>
      )}
    </FormDialog>
  );
}
