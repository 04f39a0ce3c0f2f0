import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMay } from '../session/permissions';
import { Chip } from '../shared/Chip';
import { Page } from '../shared/Page';
import { ErrorState, Waiting } from '../shared/states';
import table from '../shared/table.module.css';
import { several } from '../shared/time';
import { contextFieldsQuery } from './api';

/** What conditions can be about: what applications tell of a user, a device, a place. */
export function ContextFieldsPage() {
  const found = useQuery(contextFieldsQuery);
  const may = useMay();
  if (!found.data && found.isError) return <ErrorState error={found.error} retry={() => found.refetch()} />;
  return (
    <Page
      title="Context fields"
      count={found.data && several(found.data.length, 'field')}
      below="What applications tell with each question, and conditions are about."
      actions={
        may({ permission: 'CREATE_CONTEXT_FIELD' }) && (
          <Button component={Link} to="/context/create" variant="filled" leftSection={<IconPlus size={15} />}>
            Create context field
          </Button>
        )
      }
    >
      {!found.data ? (
        <Waiting />
      ) : (
        <div className={table.scroll}>
          <table className={table.table}>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Description</th>
                <th scope="col">Legal values</th>
                <th scope="col">Used by</th>
              </tr>
            </thead>
            <tbody>
              {found.data.map((each) => (
                <tr key={each.name}>
                  <th scope="row">
                    <Link to="/context/edit/$name" params={{ name: each.name }}>
                      {each.name}
                    </Link>{' '}
                    {each.stickiness && <Chip title="Rollouts may keep answers by it">sticky</Chip>}{' '}
                    {each.project && <Chip tone="outline">{each.project}</Chip>}
                  </th>
                  <td>{each.description}</td>
                  <td>{each.legalValues.length ? several(each.legalValues.length, 'value') : 'any'}</td>
                  <td>{each.usedInFeatures ? several(each.usedInFeatures, 'flag') : 'no flag'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Page>
  );
}
