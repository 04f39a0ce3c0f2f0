import { lazy, Suspense, useEffect, useState } from 'react';
import { onSessionEnd } from '../api/client';
import { queryClient } from '../api/query-client';

const LoginDialog = lazy(() => import('./LoginDialog'));

/** When a session ends, its reader logs in over the page, and nothing that was typed there is lost. */
export function SessionEnded() {
  const [ended, setEnded] = useState(false);
  useEffect(() => {
    onSessionEnd(() => setEnded(true));
    return () => onSessionEnd(() => undefined);
  }, []);
  if (!ended) return null;
  return (
    <Suspense fallback={null}>
      <LoginDialog
        onDone={() => {
          setEnded(false);
          queryClient.invalidateQueries();
        }}
      />
    </Suspense>
  );
}
