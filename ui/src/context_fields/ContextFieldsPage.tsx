import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Can } from '../shared/Can';
import { Chip } from '../shared/Chip';
import { LinkButton } from '../shared/LinkButton';
import { ListPage } from '../shared/ListPage';
import { several } from '../shared/time';
import { contextFieldsQuery } from './api';

/** What conditions can be about: what applications tell of a user, a device, a place. */
export function ContextFieldsPage() {
  const found = useQuery(contextFieldsQuery);
  return (
    <ListPage
      title="Context fields"
      noun="context field"
      below="What applications tell with each question, and conditions are about."
      actions={
        <Can need={{ permission: 'CREATE_CONTEXT_FIELD' }}>
          <LinkButton to="/context/create" variant="filled" leftSection={<IconPlus size={15} />}>
            Create context field
          </LinkButton>
        </Can>
      }
      question={found}
      rows={found.data}
      columns={['Name', 'Description', 'Legal values', 'Used by']}
      text={(each) => `${each.name} ${each.description ?? ''}`}
      empty="Create one for what applications tell of their users."
      row={(each) => (
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
      )}
    />
  );
}
