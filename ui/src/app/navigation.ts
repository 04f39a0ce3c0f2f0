import {
  IconActivity,
  IconAdjustments,
  IconApps,
  IconArchive,
  IconChartPie,
  IconFlag3,
  IconFlask,
  IconFolder,
  IconForms,
  IconKey,
  IconLogin2,
  IconPlugConnected,
  type IconProps,
  IconRobot,
  IconShieldCheck,
  IconShieldLock,
  IconSpeakerphone,
  IconTags,
  IconUser,
  IconUserSearch,
  IconUsers,
  IconUsersGroup,
  IconZoomExclamation,
} from '@tabler/icons-react';
import type { ComponentType } from 'react';

export interface Place {
  label: string;
  to: string;
  icon: ComponentType<IconProps>;
  /** The letter after `g` that leads there. */
  key?: string;
  /** Also the current place on pages below these paths. */
  holds?: RegExp;
}

/** What the navigation lists, in order. A new page adds a line here and a route in `routes.tsx`. */
export const PLACES: Place[] = [
  { label: 'Event log', to: '/history', icon: IconActivity, key: 'e', holds: /^\/history|\/logs$/ },
  { label: 'What changed', to: '/what-changed', icon: IconZoomExclamation, key: 'w' },
  { label: 'Flags', to: '/search', icon: IconFlag3, key: 'f', holds: /^\/search|^\/projects\/[^/]+\/features\/[^/]+$/ },
  {
    label: 'Projects',
    to: '/projects',
    icon: IconFolder,
    key: 'p',
    holds: /^\/projects(\/[^/]+)?(\/settings\/[^/]+)?$/,
  },
  { label: 'Playground', to: '/playground', icon: IconFlask },
];

/** Under the heading "Configure". */
export const CONFIGURE: Place[] = [
  { label: 'Segments', to: '/segments', icon: IconChartPie },
  { label: 'Context fields', to: '/context', icon: IconForms },
  { label: 'Tag types', to: '/tag-types', icon: IconTags },
  { label: 'Strategy types', to: '/strategies', icon: IconAdjustments },
  { label: 'Integrations', to: '/integrations', icon: IconPlugConnected },
  { label: 'Applications', to: '/applications', icon: IconApps, holds: /^\/(applications|unknown-flags)$/ },
  { label: 'Archive', to: '/archive', icon: IconArchive },
];

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

/** Not in the navigation, but found by the command bar. */
export const OTHER: Place[] = [{ label: 'Profile and password', to: '/profile', icon: IconUser }];
