import { Button, Menu } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { lazy, Suspense, useRef, useState } from 'react';
import { several } from '../shared/time';
import { failed, toast } from '../shared/toasts';
import { exportPath, type Format } from './api';
import type { Progress } from './export';

const FORMATS: [Format, string][] = [
  ['csv', 'CSV, for spreadsheets'],
  ['json', 'JSON, one list'],
  ['ndjson', 'NDJSON, an event per line'],
  ['parquet', 'Parquet, for analysis'],
];
/** Up to so many the page fetches them itself and says how far it is. */
const LARGE = 20_000;

const ExportDialog = lazy(() => import('./ExportDialog'));

/** Everything that the query finds, as a file. */
export function ExportMenu({ q, total }: { q: string; total: number | undefined }) {
  const [progress, setProgress] = useState<Progress | null>(null);
  const stop = useRef<AbortController>(null);

  async function run(format: Format) {
    const path = exportPath(q, format);
    if (format === 'parquet' || (total ?? LARGE) >= LARGE) {
      const link = document.createElement('a');
      link.href = path;
      link.download = '';
      link.click();
      toast('The browser is downloading the export.');
      return;
    }
    stop.current = new AbortController();
    setProgress({ rows: 0 });
    try {
      const { save } = await import('./export');
      const rows = await save(path, format, stop.current.signal, setProgress);
      toast(`${several(rows, 'event')} exported.`);
    } catch (error) {
      if (!stop.current.signal.aborted) failed('Not exported', error);
    } finally {
      setProgress(null);
    }
  }

  return (
    <>
      <Menu>
        <Menu.Target>
          <Button leftSection={<IconDownload size={15} />}>Export</Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>{total === undefined ? 'All that the query finds' : `All ${several(total, 'event')}`}</Menu.Label>
          {FORMATS.map(([format, name]) => (
            <Menu.Item key={format} onClick={() => run(format)}>
              {name}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {progress && (
        <Suspense fallback={null}>
          <ExportDialog
            rows={progress.rows}
            total={progress.total ?? total ?? 0}
            onStop={() => stop.current?.abort()}
          />
        </Suspense>
      )}
    </>
  );
}
