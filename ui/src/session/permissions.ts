import { useQuery } from '@tanstack/react-query';
import { useCallback } from 'react';
import { meQuery } from './api';
import { may, type Need } from './model';

/** Tells whether the reader may do something. */
export function useMay(): (need: Need) => boolean {
  const granted = useQuery(meQuery).data?.permissions;
  return useCallback((need) => granted !== undefined && may(granted, need), [granted]);
}
