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
  IconPlugConnected,
  type IconProps,
  IconTags,
  IconUser,
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

/** Not in the navigation, but found by the command bar. */
export const OTHER: Place[] = [{ label: 'Profile and password', to: '/profile', icon: IconUser }];
