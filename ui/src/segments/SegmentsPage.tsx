import { Button, TextInput } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { segmentsQuery } from '../flags/api';
import { useMay } from '../session/permissions';
import { Page } from '../shared/Page';
import { EmptyState, ErrorState, Waiting } from '../shared/states';
import table from '../shared/table.module.css';
import { several } from '../shared/time';
import { When } from '../shared/When';

/** Conditions with a name, which many strategies share. */
export function SegmentsPage() {
  const found = useQuery(segmentsQuery);
  const may = useMay();
  const [words, setWords] = useState('');
  if (!found.data && found.isError) return <ErrorState error={found.error} retry={() => found.refetch()} />;
  const segments = found.data?.filter((each) =>
    `${each.name} ${each.description ?? ''}`.toLowerCase().includes(words.toLowerCase()),
  );
  return (
    <Page
      title="Segments"
      count={found.data && several(found.data.length, 'segment')}
      below="Conditions with a name: change them once, and every strategy that uses them follows."
      actions={
        may({ permission: 'CREATE_SEGMENT' }) && (
          <Button component={Link} to="/segments/create" variant="filled" leftSection={<IconPlus size={15} />}>
            Create segment
          </Button>
        )
      }
    >
      <TextInput
        aria-label="Filter segments"
        placeholder="Filter by name"
        value={words}
        onChange={(event) => setWords(event.currentTarget.value)}
        maw={320}
        mb="md"
      />
      {!segments ? (
        <Waiting />
      ) : segments.length === 0 ? (
        <EmptyState title={words ? 'No segment matches' : 'There is no segment yet'}>
          {words ? '' : 'Create one where several flags ask for the same conditions.'}
        </EmptyState>
      ) : (
        <div className={table.scroll}>
          <table className={table.table}>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Description</th>
                <th scope="col">Project</th>
                <th scope="col">Used by</th>
                <th scope="col">Created</th>
              </tr>
            </thead>
            <tbody>
              {segments.map((each) => (
                <tr key={each.id}>
                  <th scope="row">
                    <Link to="/segments/edit/$segmentId" params={{ segmentId: String(each.id) }}>
                      {each.name}
                    </Link>
                  </th>
                  <td>{each.description}</td>
                  <td>{each.project ?? 'all'}</td>
                  <td>{each.usedInFeatures ? several(each.usedInFeatures, 'flag') : 'nothing'}</td>
                  <td>
                    <When at={each.createdAt} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Page>
  );
}
