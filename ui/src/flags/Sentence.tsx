import { useMemo } from 'react';
import { Pieces } from '../shared/Pieces';
import type { StrategyDraft } from './api';
import { strategySentence } from './model';

/** What a strategy does, in words. */
export function Sentence({ strategy, segments }: { strategy: StrategyDraft; segments: Map<number, string> }) {
  return <Pieces of={useMemo(() => strategySentence(strategy, segments), [strategy, segments])} />;
}
