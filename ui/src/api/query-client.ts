import { QueryClient } from '@tanstack/react-query';
import { isOurFault } from './errors';

/** Where all state of the server is kept. Keys begin with the name of the slice, then say what. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: { staleTime: 10_000, retry: (failures, error) => failures < 2 && !isOurFault(error) },
    mutations: { retry: false },
  },
});
