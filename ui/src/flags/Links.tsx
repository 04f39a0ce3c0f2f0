import { ActionIcon, TextInput } from '@mantine/core';
import { IconExternalLink, IconPencil, IconX } from '@tabler/icons-react';
import { useState } from 'react';
import { Can } from '../shared/Can';
import { FormDialog } from '../shared/FormDialog';
import { useChange } from '../shared/useChange';
import { addLink, type Flag, type FlagLink, removeLink, saveLink } from './api';
import { openable } from './model';
import { RelationHead } from './RelationHead';
import styles from './Relations.module.css';

/** Where more is said of a flag. An address that no browser should follow is text. */
export function Links({ flag }: { flag: Flag }) {
  const change = useChange('flags');
  const [editing, setEditing] = useState<FlagLink | 'new' | null>(null);
  const need = { permission: 'UPDATE_FEATURE', project: flag.project };
  return (
    <section aria-label="Links">
      <RelationHead title="Links" noun="Link" need={need} onAdd={() => setEditing('new')} />
      {flag.links.length === 0 && <p className={styles.none}>No tickets or documents are linked.</p>}
      <ul className={styles.list}>
        {flag.links.map((link) => (
          <li key={link.id}>
            <span className={styles.text}>
              <Address link={link} />
            </span>
            <Can need={need}>
              <ActionIcon aria-label={`Edit the link ${nameOf(link)}`} onClick={() => setEditing(link)}>
                <IconPencil size={13} />
              </ActionIcon>
            </Can>
            <Can need={need}>
              <ActionIcon
                aria-label={`Remove the link ${nameOf(link)}`}
                onClick={() =>
                  change.mutate({
                    run: () => removeLink(flag, link.id),
                    done: `Removed the link ${nameOf(link)}.`,
                    not: 'Not removed',
                    undo: () => addLink(flag, { url: link.url, title: link.title }),
                  })
                }
              >
                <IconX size={13} />
              </ActionIcon>
            </Can>
          </li>
        ))}
      </ul>
      {editing && <EditLink flag={flag} link={editing === 'new' ? null : editing} onClose={() => setEditing(null)} />}
    </section>
  );
}

const nameOf = (link: FlagLink): string => link.title || link.url;

function Address({ link }: { link: FlagLink }) {
  const url = openable(link.url);
  if (url === null) return nameOf(link);
  return (
    <a href={url} target="_blank" rel="noopener noreferrer" className="link" title={url}>
      {nameOf(link)} <IconExternalLink size={12} aria-label="opens in a new tab" />
    </a>
  );
}

function EditLink({
  flag,
  link,
  onClose,
}: {
  flag: Flag;
  /** null: a new one. */
  link: FlagLink | null;
  onClose: () => void;
}) {
  const [url, setUrl] = useState(link?.url ?? '');
  const [title, setTitle] = useState(link?.title ?? '');
  const body = { url: url.trim(), title: title.trim() || null };
  return (
    <FormDialog
      title={link ? `Edit the link ${nameOf(link)}` : `Link ${flag.name}`}
      act={link ? 'Save link' : 'Add link'}
      ready={body.url !== ''}
      keys={['flags']}
      done={`Saved the link ${body.title ?? body.url}.`}
      run={() => (link ? saveLink(flag, link.id, body) : addLink(flag, body))}
      onClose={onClose}
    >
      {(about) => (
        <>
          <TextInput
            label="Address"
            placeholder="https://"
            value={url}
            error={about('url')}
            onChange={(event) => setUrl(event.currentTarget.value)}
            data-autofocus
          />
          <TextInput
            label="Title"
            description="Shown instead of the address."
            value={title}
            error={about('title')}
            onChange={(event) => setTitle(event.currentTarget.value)}
          />
        </>
      )}
    </FormDialog>
  );
}
