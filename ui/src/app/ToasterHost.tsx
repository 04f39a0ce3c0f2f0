import { lazy, Suspense, useEffect, useState } from 'react';
import { onFirstToast } from '../shared/toasts';

const Toaster = lazy(() => import('./Toaster'));

/** The place for toasts, from the first one on. */
export function ToasterHost() {
  const [needed, setNeeded] = useState(false);
  useEffect(() => onFirstToast(() => setNeeded(true)), []);
  return <Suspense fallback={null}>{needed && <Toaster />}</Suspense>;
}
