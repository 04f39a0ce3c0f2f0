import {
  IconActivity,
  IconAdjustments,
  IconArchive,
  IconFlag3,
  IconFlask,
  IconFolder,
  IconForms,
  IconKey,
  IconPlugConnected,
  type IconProps,
  IconShieldLock,
  IconTags,
  IconUser,
  IconUsers,
  IconUsersGroup,
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
  { label: 'Flags', to: '/search', icon: IconFlag3, key: 'f', holds: /^\/search|^\/projects\/[^/]+\/features\/[^/]+$/ },
  { label: 'Projects', to: '/projects', icon: IconFolder, key: 'p', holds: /^\/projects(\/[^/]+)?$/ },
  { label: 'Playground', to: '/playground', icon: IconFlask },
];

/** Under the heading "Configure". */
export const CONFIGURE: Place[] = [
  { label: 'Segments', to: '/segments', icon: IconUsersGroup },
  { label: 'Context fields', to: '/context', icon: IconForms },
  { label: 'Tag types', to: '/tag-types', icon: IconTags },
  { label: 'Strategy types', to: '/strategies', icon: IconAdjustments },
  { label: 'Integrations', to: '/integrations', icon: IconPlugConnected },
  { label: 'Archive', to: '/archive', icon: IconArchive },
  { label: 'API tokens', to: '/admin/api', icon: IconKey },
  { label: 'Users', to: '/admin/users', icon: IconUsers },
  { label: 'Log keeping', to: '/admin/log', icon: IconShieldLock },
];

/** Not in the navigation, but found by the command bar. */
export const OTHER: Place[] = [{ label: 'Profile and password', to: '/profile', icon: IconUser }];
