import {
  IconKey,
  IconLogin2,
  IconRobot,
  IconShieldCheck,
  IconShieldLock,
  IconSpeakerphone,
  IconUserSearch,
  IconUsers,
  IconUsersGroup,
} from '@tabler/icons-react';
import type { Place } from './navigation';
import { Places } from './Places';

/** Under the heading "Administer". */
export const ADMINISTER: Place[] = [
  { label: 'Users', to: '/admin/users', icon: IconUsers },
  { label: 'Groups', to: '/admin/groups', icon: IconUsersGroup },
  { label: 'Roles', to: '/admin/roles', icon: IconShieldCheck },
  { label: 'Service accounts', to: '/admin/service-accounts', icon: IconRobot },
  { label: 'API tokens', to: '/admin/api', icon: IconKey },
  { label: 'Single sign-on', to: '/admin/auth', icon: IconLogin2 },
  { label: 'Login history', to: '/admin/logins', icon: IconUserSearch },
  { label: 'Log keeping', to: '/admin/log', icon: IconShieldLock, holds: /^\/admin\/log$/ },
  { label: 'Banners', to: '/admin/banners', icon: IconSpeakerphone },
];

export default function Administer({ onGo }: { onGo?: (() => void) | undefined }) {
  return <Places places={ADMINISTER} onGo={onGo} />;
}
