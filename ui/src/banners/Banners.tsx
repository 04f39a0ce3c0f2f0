import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import { bannersQuery } from './api';

const BannerBar = lazy(() => import('./BannerBar'));

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
