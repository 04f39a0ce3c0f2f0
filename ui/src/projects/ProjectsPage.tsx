import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ListPage } from '../shared/ListPage';
import { Star } from '../shared/Star';
import table from '../shared/table.module.css';
import { countOf } from '../shared/time';
import { When } from '../shared/When';
import { projectsQuery, setFavoriteProject } from './api';

/** The model of a list page: one question, its three states, a filter, a table with links. */
export function ProjectsPage() {
  const projects = useQuery(projectsQuery);
  return (
    <ListPage
      title="Projects"
      noun="project"
      question={projects}
      rows={projects.data}
      columns={['Name', 'Description', { name: 'Flags', number: true }, 'Last change', 'more']}
      text={(each) => `${each.name} ${each.id}`}
      row={(project) => (
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
      )}
    />
  );
}
