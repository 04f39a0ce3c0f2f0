const KEPT = 'flagkeeper:timeline';

/** How the reader left the timeline. */
export interface Kept {
  closed: boolean;
  span: string;
  environment: string;
}

export function kept(): Kept {
  try {
    return { closed: false, span: '48h', environment: '', ...JSON.parse(localStorage.getItem(KEPT) ?? '{}') };
  } catch {
    return { closed: false, span: '48h', environment: '' };
  }
}

export function keep(state: Kept): void {
  localStorage.setItem(KEPT, JSON.stringify(state));
}
