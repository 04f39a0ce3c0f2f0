import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { quoted } from '../eventlog/query';
import { Can } from '../shared/Can';
import { EnvChip } from '../shared/Chip';
import { ConfirmChange } from '../shared/ConfirmChange';
import { LinkButton } from '../shared/LinkButton';
import { ListPage } from '../shared/ListPage';
import table from '../shared/table.module.css';
import { When } from '../shared/When';
import { type Application, applicationsQuery, deleteApplication, unknownFlagsQuery } from './api';

/** Who reads flags from this server. */
export function ApplicationsPage() {
  const found = useQuery(applicationsQuery);
  const [deleting, setDeleting] = useState<Application | null>(null);
  return (
    <ListPage
      title="Applications"
      noun="application"
      below="They appear here when they ask for flags for the first time, and say what they are called."
      actions={<LinkButton to="/unknown-flags">Unknown flags</LinkButton>}
      question={found}
      rows={found.data}
      columns={['Name', 'Reads flags of', 'In', 'Strategies', 'Heard of', 'more']}
      text={(each) => `${each.appName} ${each.usage.map(({ project }) => project).join(' ')}`}
      empty="Connect one: each flag's page has the code."
      row={(each) => (
        <tr key={each.appName}>
          <th scope="row">{each.appName}</th>
          <td>{each.usage.map(({ project }) => (project === '*' ? 'all projects' : project)).join(', ')}</td>
          <td>
            {[...new Set(each.usage.flatMap(({ environments }) => environments))].map((name) => (
              <EnvChip key={name} name={name} />
            ))}
          </td>
          <td>{each.strategies.join(', ')}</td>
          <td>
            <When at={each.updatedAt} />
          </td>
          <td className={table.number}>
            <Can need={{ permission: 'UPDATE_APPLICATION' }}>
              <Button
                size="compact-xs"
                color="red"
                aria-label={`Delete ${each.appName}`}
                onClick={() => setDeleting(each)}
              >
                Delete
              </Button>
            </Can>
          </td>
        </tr>
      )}
    >
      {deleting && (
        <ConfirmChange
          title={`Delete the application ${deleting.appName}`}
          act="Delete application"
          typed={deleting.appName}
          slice="applications"
          change={{
            run: () => deleteApplication(deleting.appName),
            done: `Deleted the application ${deleting.appName}.`,
            not: 'Not deleted',
          }}
          onClose={() => setDeleting(null)}
        >
          What is known of it goes along. It appears again when it next asks for flags.
        </ConfirmChange>
      )}
    </ListPage>
  );
}

/** What applications ask about in vain: typing errors, and flags that are gone. */
export function UnknownFlagsPage() {
  const found = useQuery(unknownFlagsQuery);
  return (
    <ListPage
      title="Unknown flags"
      above={<Link to="/applications">Applications</Link>}
      noun="unknown flag"
      below="Applications ask about them, and there is no such flag: it was archived, or its name is written differently."
      question={found}
      rows={found.data}
      columns={['Name', 'Asked by', 'Last asked', 'more']}
      text={(each) => `${each.name} ${each.reports.map(({ appName }) => appName).join(' ')}`}
      empty="Every flag that applications ask about is there."
      row={(each) => (
        <tr key={each.name}>
          <th scope="row">{each.name}</th>
          <td>
            {each.reports.map(({ appName, environments }) => (
              <div key={appName}>
                {appName} in {environments.map(({ environment }) => environment).join(', ')}
              </div>
            ))}
          </td>
          <td>
            <When at={each.lastSeenAt} />
          </td>
          <td className={table.number}>
            {each.lastEventAt && (
              <Link to="/history" search={{ q: `flag:${quoted(each.name)}` }} className="link">
                History
              </Link>
            )}
          </td>
        </tr>
      )}
    />
  );
}
