import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import { queryClient } from '../api/query-client';
import { bannersQuery } from './api';

const bar = () => import('./BannerBar');
const BannerBar = lazy(bar);

/**
 * Asks for the banners before a page is drawn: later they would push it down below the pointer. A page does not fail
 * with them; they are asked for again where they are shown.
 */
export async function bannersFirst(): Promise<void> {
  const banners = await queryClient.ensureQueryData({ ...bannersQuery, retry: false }).catch(() => []);
  if (banners.some((each) => each.enabled)) await bar();
}

/** The banners that are on; most servers have none, and nobody waits for their code. */
export function Banners() {
  const banners = useQuery(bannersQuery).data?.filter((each) => each.enabled) ?? [];
  return (
    <Suspense fallback={null}>
      {banners.map((each) => (
        <BannerBar key={each.id} banner={each} />
      ))}
    </Suspense>
  );
}
