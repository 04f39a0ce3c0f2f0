import { useQuery } from '@tanstack/react-query';
import { Navigate } from '@tanstack/react-router';
import { useState } from 'react';
import { foundFlagsQuery } from '../../flags/api';
import { ErrorState, Waiting } from '../../shared/states';
import { FirstRun } from './FirstRun';

/** Where one begins: with three steps while there is no flag, else with the log. */
export function HomePage() {
  const flags = useQuery(foundFlagsQuery({ limit: '100' }));
  const [began, setBegan] = useState(false);
  if (!flags.data && flags.isError) return <ErrorState error={flags.error} retry={() => flags.refetch()} />;
  if (!flags.data) return <Waiting />;
  // Who began stays until the end, also when the first flag is there.
  if (flags.data.total > 0 && !began) return <Navigate to="/history" search={{}} replace />;
  return <FirstRun flags={flags.data.features} onBegin={() => setBegan(true)} />;
}
