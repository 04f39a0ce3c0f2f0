import { Link, useParams } from '@tanstack/react-router';
import { LogView } from './LogView';
import { quoted } from './query';

export function GlobalLogPage() {
  return <LogView title="Event log" scope="" hidden={[]} />;
}

export function ProjectLogPage() {
  const { projectId } = useParams({ from: '/shell/projects/$projectId/logs' });
  return (
    <LogView
      title={`Event log of project ${projectId}`}
      scope={`project:${quoted(projectId)}`}
      hidden={['project']}
      above={
        <Link to="/projects/$projectId" params={{ projectId }}>
          {projectId}
        </Link>
      }
    />
  );
}

export function FlagLogPage() {
  const { projectId, featureName } = useParams({ from: '/shell/projects/$projectId/features/$featureName/logs' });
  return (
    <LogView
      title={`Event log of ${featureName}`}
      scope={`flag:${quoted(featureName)}`}
      hidden={['project', 'flag']}
      above={
        <Link to="/projects/$projectId/features/$featureName" params={{ projectId, featureName }}>
          {featureName}
        </Link>
      }
    />
  );
}
