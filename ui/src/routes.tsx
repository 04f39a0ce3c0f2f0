/** Every page and its path. Paths are those of Unleash, so that links in events work. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router';
import { basePath } from './api/client';
import { ApiError } from './api/errors';
import { queryClient } from './api/query-client';
import { Shell } from './app/Shell';
import { around, flagSearch, linkSearch, loginSearch, logSearch, playgroundSearch } from './app/search';
import { bannersFirst } from './banners/Banners';
import { meQuery } from './session/api';
import { EmptyState, ErrorState, Waiting } from './shared/states';

const rootRoute = createRootRoute({
  component: Outlet,
  errorComponent: ({ error, reset }) => <ErrorState error={error} retry={reset} />,
});

const loginRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/login',
  validateSearch: loginSearch,
  component: lazyRouteComponent(() => import('./session/LoginPage'), 'LoginPage'),
});

const links = () => import('./session/LinkPages');

const outside = [
  loginRoute,
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/forgotten-password',
    component: lazyRouteComponent(links, 'ForgottenPasswordPage'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/reset-password',
    validateSearch: linkSearch,
    component: lazyRouteComponent(links, 'ResetPasswordPage'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/new-user',
    validateSearch: linkSearch,
    component: lazyRouteComponent(links, 'NewUserPage'),
  }),
] as const;

const shellRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: 'shell',
  beforeLoad: async ({ location }) => {
    try {
      await Promise.all([queryClient.ensureQueryData(meQuery), bannersFirst()]);
    } catch (error) {
      if (error instanceof ApiError && error.status === 401)
        throw redirect({ to: '/login', search: { redirect: location.href } });
      throw error;
    }
  },
  component: Shell,
  pendingComponent: () => <Waiting />,
});

const log = () => import('./eventlog/pages');
const integration = () => import('./integrations/IntegrationPage');
const contextField = () => import('./context_fields/ContextFieldPage');
const applications = () => import('./applications/ApplicationsPage');
const segment = () => import('./segments/SegmentPage');

const pages = [
  createRoute({
    getParentRoute: () => shellRoute,
    path: '/',
    component: lazyRouteComponent(() => import('./app/first-run/HomePage'), 'HomePage'),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: '/history',
    validateSearch: logSearch,
    component: lazyRouteComponent(log, 'GlobalLogPage'),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: '/what-changed',
    validateSearch: around,
    component: lazyRouteComponent(() => import('./eventlog/WhatChangedPage'), 'WhatChangedPage'),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: '/history/$eventId',
    component: lazyRouteComponent(() => import('./eventlog/EventPage'), 'EventPage'),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: '/projects/$projectId/logs',
    validateSearch: logSearch,
    component: lazyRouteComponent(log, 'ProjectLogPage'),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: '/projects/$projectId/features/$featureName/logs',
    validateSearch: logSearch,
    component: lazyRouteComponent(log, 'FlagLogPage'),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: '/projects',
    component: lazyRouteComponent(() => import('./projects/ProjectsPage'), 'ProjectsPage'),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: '/search',
    validateSearch: flagSearch,
    component: lazyRouteComponent(() => import('./flags/ListPage'), 'SearchPage'),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: '/projects/$projectId',
    validateSearch: flagSearch,
    component: lazyRouteComponent(() => import('./flags/ListPage'), 'ProjectPage'),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: '/projects/$projectId/features/$featureName',
    component: lazyRouteComponent(() => import('./flags/FlagPage'), 'FlagPage'),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: '/playground',
    validateSearch: playgroundSearch,
    component: lazyRouteComponent(() => import('./playground/PlaygroundPage'), 'PlaygroundPage'),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: '/integrations',
    component: lazyRouteComponent(() => import('./integrations/IntegrationsPage'), 'IntegrationsPage'),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: '/integrations/create/$provider',
    component: lazyRouteComponent(integration, 'CreateIntegrationPage'),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: '/integrations/$id',
    component: lazyRouteComponent(integration, 'IntegrationPage'),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: '/segments',
    component: lazyRouteComponent(() => import('./segments/SegmentsPage'), 'SegmentsPage'),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: '/segments/create',
    component: lazyRouteComponent(segment, 'CreateSegmentPage'),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: '/segments/edit/$segmentId',
    component: lazyRouteComponent(segment, 'EditSegmentPage'),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: '/tag-types',
    component: lazyRouteComponent(() => import('./tags/TagTypesPage'), 'TagTypesPage'),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: '/strategies',
    component: lazyRouteComponent(() => import('./strategies/StrategiesPage'), 'StrategiesPage'),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: '/context',
    component: lazyRouteComponent(() => import('./context_fields/ContextFieldsPage'), 'ContextFieldsPage'),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: '/context/create',
    component: lazyRouteComponent(contextField, 'CreateContextFieldPage'),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: '/context/edit/$name',
    component: lazyRouteComponent(contextField, 'EditContextFieldPage'),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: '/applications',
    component: lazyRouteComponent(applications, 'ApplicationsPage'),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: '/unknown-flags',
    component: lazyRouteComponent(applications, 'UnknownFlagsPage'),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: '/archive',
    component: lazyRouteComponent(() => import('./archive/ArchivePage'), 'ArchivePage'),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: '/admin/users',
    component: lazyRouteComponent(() => import('./users/UsersPage'), 'UsersPage'),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: '/projects/$projectId/settings/access',
    component: lazyRouteComponent(() => import('./project_access/ProjectAccessPage'), 'ProjectAccessPage'),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: '/admin/groups',
    component: lazyRouteComponent(() => import('./groups/GroupsPage'), 'GroupsPage'),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: '/admin/roles',
    component: lazyRouteComponent(() => import('./access/RolesPage'), 'RolesPage'),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: '/admin/service-accounts',
    component: lazyRouteComponent(() => import('./service_accounts/ServiceAccountsPage'), 'ServiceAccountsPage'),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: '/admin/logins',
    component: lazyRouteComponent(() => import('./logins/LoginsPage'), 'LoginsPage'),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: '/admin/banners',
    component: lazyRouteComponent(() => import('./banners/BannersPage'), 'BannersPage'),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: '/admin/auth',
    component: lazyRouteComponent(() => import('./sso/SsoPage'), 'SsoPage'),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: '/admin/api',
    component: lazyRouteComponent(() => import('./tokens/TokensPage'), 'TokensPage'),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: '/admin/log',
    component: lazyRouteComponent(() => import('./retention/RetentionPage'), 'RetentionPage'),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: '/profile',
    component: lazyRouteComponent(() => import('./session/ProfilePage'), 'ProfilePage'),
  }),
] as const;

export const router = createRouter({
  routeTree: rootRoute.addChildren([...outside, shellRoute.addChildren(pages)]),
  basepath: basePath || '/',
  defaultPreload: 'intent',
  defaultPreloadStaleTime: 0,
  defaultNotFoundComponent: () => <EmptyState title="There is no such page">Look for it with Ctrl K.</EmptyState>,
  // Plain parameters, as anybody would write them: a query in quotation marks stays one.
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(search)) if (value !== undefined) parameters.set(name, String(value));
    const written = parameters.toString();
    return written ? `?${written}` : '';
  },
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
