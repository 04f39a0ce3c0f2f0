import { Button, Modal } from '@mantine/core';
import { countOf } from '../shared/time';

/** How far an export is. */
export default function ExportDialog({ rows, total, onStop }: { rows: number; total: number; onStop: () => void }) {
  return (
    <Modal opened onClose={onStop} title="Exporting" withCloseButton={false}>
      <p role="status">
        {countOf(rows)} of {countOf(total)}
      </p>
      <div className="buttons">
        <Button onClick={onStop}>Stop</Button>
      </div>
    </Modal>
  );
}
