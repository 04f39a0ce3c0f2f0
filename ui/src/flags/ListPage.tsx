import { Button } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconHistory, IconPlus, IconUsers } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { projectQuery, setFavoriteProject } from '../projects/api';
import { Can } from '../shared/Can';
import { LinkButton } from '../shared/LinkButton';
import { Page } from '../shared/Page';
import { Star } from '../shared/Star';
import { EmptyState, ErrorState, Waiting } from '../shared/states';
import { several } from '../shared/time';
import { foundFlagsQuery } from './api';
import { BulkBar } from './BulkBar';
import { CreateFlag } from './CreateFlag';
import { Filters, Pages } from './Filters';
import { FlagTable } from './FlagTable';
import { type FlagSearch, questionOf } from './model';

const QUIET_MS = 200; // after a key, before the server is asked

/** All flags that the reader may see. */
export function SearchPage() {
  return <FlagList title="Flags" />;
}

/** The flags of one project. */
export function ProjectPage() {
  const { projectId } = useParams({ from: '/shell/projects/$projectId' });
  const project = useQuery(projectQuery(projectId));
  if (!project.data && project.isError) return <ErrorState error={project.error} retry={() => project.refetch()} />;
  return (
    <FlagList
      key={projectId}
      title={project.data?.name ?? projectId}
      above={<Link to="/projects">Projects</Link>}
      project={projectId}
      actions={
        <>
          {project.data && (
            <Star
              name={project.data.name}
              slice="projects"
              favorite={project.data.favorite}
              set={(favorite) => setFavoriteProject(projectId, favorite)}
            />
          )}
          <LinkButton
            to={`/projects/${encodeURIComponent(projectId)}/settings/access`}
            leftSection={<IconUsers size={15} />}
          >
            Access
          </LinkButton>
          <LinkButton to={`/projects/${encodeURIComponent(projectId)}/logs`} leftSection={<IconHistory size={15} />}>
            History
          </LinkButton>
        </>
      }
    />
  );
}

function FlagList({
  title,
  above,
  project,
  actions,
}: {
  title: string;
  above?: ReactNode;
  /** Its flags; without one, those of all projects. */
  project?: string;
  actions?: ReactNode;
}) {
  const search: FlagSearch = useSearch({ strict: false });
  const navigate = useNavigate();
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const [q] = useDebouncedValue(search.q, QUIET_MS);
  const flags = useQuery(foundFlagsQuery(questionOf({ ...search, q }, project)));
  const set = (next: FlagSearch) => navigate({ to: '.', search: (old) => ({ ...old, ...next }), replace: true });
  const narrow = (next: FlagSearch) => {
    setPicked(new Set());
    set({ page: undefined, ...next });
  };
  const narrowed = Boolean(search.q || search.type || search.tag || search.state || search.page);
  const found = flags.data?.features ?? [];
  return (
    <Page
      title={title}
      above={above}
      count={flags.data && several(flags.data.total, 'flag')}
      actions={
        <>
          {actions}
          <Can need={{ permission: 'CREATE_FEATURE', project }}>
            <Button variant="filled" leftSection={<IconPlus size={15} />} onClick={() => set({ create: 'yes' })}>
              Create flag
            </Button>
          </Can>
        </>
      }
    >
      <Filters search={search} set={narrow} />
      {flags.isError ? (
        <ErrorState error={flags.error} retry={() => flags.refetch()} />
      ) : !flags.data ? (
        <Waiting />
      ) : found.length === 0 ? (
        <EmptyState title={narrowed ? 'No flag matches' : 'There is no flag yet'}>
          {narrowed ? (
            <button
              type="button"
              className="link"
              onClick={() => narrow({ q: undefined, type: undefined, tag: undefined, state: undefined })}
            >
              Show all flags
            </button>
          ) : (
            'Create one, and read it in an application: the dialog shows the code.'
          )}
        </EmptyState>
      ) : (
        <FlagTable
          flags={found}
          showProject={project === undefined}
          picked={picked}
          onPick={setPicked}
          search={search}
          onSort={narrow}
        />
      )}
      {flags.data && <Pages search={search} total={flags.data.total} set={narrow} />}
      <BulkBar flags={found.filter((flag) => picked.has(flag.name))} onDone={() => setPicked(new Set())} />
      {search.create && <CreateFlag project={project} onClose={() => set({ create: undefined })} />}
    </Page>
  );
}
