import { SegmentedControl } from '@mantine/core';
import { useState } from 'react';
import { basePath } from '../api/client';
import { Code } from '../shared/Code';
import styles from './CreateFlag.module.css';
import { snippets } from './model';

/** How an application reads a flag, with its name and the address of this server. */
export function SdkCode({ name }: { name: string }) {
  const codes = snippets(name, `${window.location.origin}${basePath}`);
  const [sdk, setSdk] = useState('Python');
  return (
    <details>
      <summary className="muted">Read it in an application</summary>
      <div className={styles.sdk}>
        <SegmentedControl size="xs" aria-label="SDK" data={Object.keys(codes)} value={sdk} onChange={setSdk} />
        <Code label={`Code for ${sdk}`} text={codes[sdk] ?? ''} />
      </div>
    </details>
  );
}
