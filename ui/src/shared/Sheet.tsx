import { Drawer } from '@mantine/core';
import type { ReactNode } from 'react';

/** What is at the side of wide windows, over the page in narrow ones. */
export default function Sheet({
  title,
  left = false,
  onClose,
  children,
}: {
  title: string;
  left?: boolean;
  onClose: () => void;
  children: ReactNode;
}) {
  return (
    <Drawer
      opened
      onClose={onClose}
      position={left ? 'left' : 'right'}
      size={300}
      title={title}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {children}
    </Drawer>
  );
}
