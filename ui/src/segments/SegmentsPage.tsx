import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { segmentsQuery } from '../flags/api';
import { Can } from '../shared/Can';
import { LinkButton } from '../shared/LinkButton';
import { ListPage } from '../shared/ListPage';
import { several } from '../shared/time';
import { When } from '../shared/When';

/** Conditions with a name, which many strategies share. */
export function SegmentsPage() {
  const found = useQuery(segmentsQuery);
  return (
    <ListPage
      title="Segments"
      noun="segment"
      below="Conditions with a name: change them once, and every strategy that uses them follows."
      actions={
        <Can need={{ permission: 'CREATE_SEGMENT' }}>
          <LinkButton to="/segments/create" variant="filled" leftSection={<IconPlus size={15} />}>
            Create segment
          </LinkButton>
        </Can>
      }
      question={found}
      rows={found.data}
      columns={['Name', 'Description', 'Project', 'Used by', 'Created']}
      text={(each) => `${each.name} ${each.description ?? ''}`}
      empty="Create one where several flags ask for the same conditions."
      row={(each) => (
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
      )}
    />
  );
}
