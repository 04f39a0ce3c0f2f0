import { Modal, Switch } from '@mantine/core';
import { useState } from 'react';
import styles from './KeyList.module.css';
import { setSingleKeysOff, singleKeysOff } from './shortcuts';

const KEYS: [string, string][] = [
  ['Ctrl K', 'Search or jump to anything'],
  ['/', 'Go to the search field of the page'],
  ['g e', 'Event log'],
  ['g f', 'Flags'],
  ['g p', 'Projects'],
  ['j k', 'Next and previous row'],
  ['Enter', 'Open the row'],
  ['[ ]', 'Tab to the left and to the right in an open event'],
  ['u', 'Undo the change of the open event'],
  ['c', 'Copy the link to the open event'],
  ['l', 'Follow the log live'],
  ['f', 'Filters'],
  ['Esc', 'Close the innermost thing'],
  ['?', 'This list'],
];

export default function KeyList({ onClose }: { onClose: () => void }) {
  const [off, setOff] = useState(singleKeysOff());
  return (
    <Modal opened onClose={onClose} title="Keys" closeButtonProps={{ 'aria-label': 'Close' }}>
      <dl className={styles.keys}>
        {KEYS.map(([key, meaning]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <Switch
        label="Single letters are commands"
        checked={!off}
        onChange={(event) => {
          setSingleKeysOff(!event.currentTarget.checked);
          setOff(!event.currentTarget.checked);
        }}
      />
    </Modal>
  );
}
