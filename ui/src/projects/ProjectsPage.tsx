import { TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { Page } from '../shared/Page';
import { Star } from '../shared/Star';
import { EmptyState, ErrorState, Waiting } from '../shared/states';
import table from '../shared/table.module.css';
import { countOf, several } from '../shared/time';
import { When } from '../shared/When';
import { projectsQuery, setFavoriteProject } from './api';

/** The model of a list page: one question, its three states, a filter, a table with links. */
export function ProjectsPage() {
  const projects = useQuery(projectsQuery);
  const [filter, setFilter] = useState('');
  if (!projects.data && projects.isError) return <ErrorState error={projects.error} retry={() => projects.refetch()} />;
  const words = filter.toLowerCase();
  const found = projects.data?.filter((each) => `${each.name} ${each.id}`.toLowerCase().includes(words));
  return (
    <Page title="Projects" count={projects.data && several(projects.data.length, 'project')}>
      <TextInput
        aria-label="Filter projects"
        placeholder="Filter by name"
        value={filter}
        onChange={(event) => setFilter(event.currentTarget.value)}
        maw={320}
        mb="md"
      />
      {!found ? (
        <Waiting />
      ) : found.length === 0 ? (
        <EmptyState title={`No project is called "${filter}"`} />
      ) : (
        <div className={table.scroll}>
          <table className={table.table}>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Description</th>
                <th scope="col" className={table.number}>
                  Flags
                </th>
                <th scope="col">Last change</th>
                <th scope="col">
                  <span className="hidden">More</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {found.map((project) => (
                <tr key={project.id}>
                  <th scope="row">
                    <Link to="/projects/$projectId" params={{ projectId: project.id }}>
                      {project.name}
                    </Link>
                  </th>
                  <td>{project.description}</td>
                  <td className={table.number}>{countOf(project.featureCount)}</td>
                  <td>
                    <When at={project.lastUpdatedAt} />
                  </td>
                  <td>
                    <Star
                      name={project.name}
                      slice="projects"
                      favorite={project.favorite}
                      set={(favorite) => setFavoriteProject(project.id, favorite)}
                    />
                    <Link to="/projects/$projectId/logs" params={{ projectId: project.id }} className="link">
                      History
                    </Link>
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
