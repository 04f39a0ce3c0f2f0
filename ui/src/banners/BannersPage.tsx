import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Can } from '../shared/Can';
import { ConfirmChange } from '../shared/ConfirmChange';
import { ListPage } from '../shared/ListPage';
import { Switch } from '../shared/Switch';
import table from '../shared/table.module.css';
import { useChange } from '../shared/useChange';
import { When } from '../shared/When';
import { type Banner, bannersQuery, deleteBanner, switchBanner } from './api';
import { BannerForm } from './BannerForm';
import { wordOf } from './model';

/** What administrators tell everybody, above each page. */
export function BannersPage() {
  const found = useQuery(bannersQuery);
  const change = useChange('banners');
  const [editing, setEditing] = useState<number | 'new' | null>(null);
  const [deleting, setDeleting] = useState<Banner | null>(null);
  const need = { permission: 'UPDATE_INSTANCE_BANNERS' };
  return (
    <ListPage
      title="Banners"
      noun="banner"
      below="A line above every page, for everybody who is logged in."
      actions={
        <Can need={need}>
          <Button variant="filled" leftSection={<IconPlus size={15} />} onClick={() => setEditing('new')}>
            Create banner
          </Button>
        </Can>
      }
      question={found}
      rows={found.data}
      columns={['Shown', 'Message', 'Kind', 'Created', 'more']}
      look="Filter by message"
      text={(each) => each.message}
      empty="Create one to tell of maintenance, or of a freeze before the holidays."
      row={(banner) => (
        <tr key={banner.id}>
          <td>
            <Can need={need}>
              <Switch
                on={banner.enabled}
                label={`Show "${banner.message}"`}
                onChange={(on) =>
                  change.mutate({
                    run: () => switchBanner(banner.id, on),
                    done: on ? 'The banner is shown.' : 'The banner is hidden.',
                    not: 'Not changed',
                    undo: () => switchBanner(banner.id, !on),
                  })
                }
              />
            </Can>
          </td>
          <th scope="row">{banner.message}</th>
          <td>{wordOf(banner)}</td>
          <td>
            <When at={banner.createdAt} />
          </td>
          <td className={table.number}>
            <Can need={need}>
              <Button size="compact-xs" aria-label={`Change "${banner.message}"`} onClick={() => setEditing(banner.id)}>
                Change
              </Button>
            </Can>{' '}
            <Can need={need}>
              <Button
                size="compact-xs"
                color="red"
                aria-label={`Delete "${banner.message}"`}
                onClick={() => setDeleting(banner)}
              >
                Delete
              </Button>
            </Can>
          </td>
        </tr>
      )}
    >
      {editing && <BannerForm id={editing === 'new' ? null : editing} onClose={() => setEditing(null)} />}
      {deleting && (
        <ConfirmChange
          title="Delete this banner"
          act="Delete banner"
          slice="banners"
          change={{ run: () => deleteBanner(deleting.id), done: 'Deleted the banner.', not: 'Not deleted' }}
          onClose={() => setDeleting(null)}
        >
          <q>{deleting.message}</q>
        </ConfirmChange>
      )}
    </ListPage>
  );
}
