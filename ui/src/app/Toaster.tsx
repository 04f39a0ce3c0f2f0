import { Notifications } from '@mantine/notifications';

/** Where toasts appear. Loaded after the page: nobody is told anything before. */
export default function Toaster() {
  return <Notifications position="bottom-left" limit={4} />;
}
