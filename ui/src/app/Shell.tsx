import { ActionIcon, Menu, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { useDisclosure, useMediaQuery } from '@mantine/hooks';
import { IconLogout, IconMenu2, IconMoon, IconSearch, IconSun, IconUser } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Outlet, useLocation, useNavigate } from '@tanstack/react-router';
import { lazy, Suspense, useCallback, useEffect, useMemo, useState } from 'react';
import { queryClient } from '../api/query-client';
import { Banners } from '../banners/Banners';
import { Bell } from '../notifications/Bell';
import { logOut, meQuery } from '../session/api';
import { displayName } from '../session/model';
import { SessionEnded } from '../session/SessionEnded';
import { Avatar } from '../shared/Actor';
import { Waiting } from '../shared/states';
import { useFollowing } from './follow';
import { Logo } from './Logo';
import { CONFIGURE, PLACES } from './navigation';
import { Places } from './Places';
import styles from './Shell.module.css';
import { useKeys } from './shortcuts';
import { kept } from './timeline/kept';

const CommandBar = lazy(() => import('./CommandBar'));
const Timeline = lazy(() => import('./timeline/Timeline'));
const Sheet = lazy(() => import('../shared/Sheet'));
const Administer = lazy(() => import('./Administer'));
const KeyList = lazy(() => import('./KeyList'));

/** What surrounds every page: the ways to all others, the timeline, the command bar. */
export function Shell() {
  const [menu, setMenu] = useDisclosure(false);
  const [bar, setBar] = useState(false);
  const [keys, setKeys] = useState(false);
  const narrow = useMediaQuery('(max-width: 900px)', window.innerWidth <= 900);
  const navigate = useNavigate();
  useKeys(
    useMemo(
      () => ({
        '?': () => setKeys(true),
        ...Object.fromEntries(
          PLACES.filter((place) => place.key).map((place) => [`g ${place.key}`, () => navigate({ to: place.to })]),
        ),
      }),
      [navigate],
    ),
  );
  useCommandKey(useCallback(() => setBar(true), []));
  useFollowing();
  return (
    <div className={styles.shell}>
      <a className={styles.skip} href="#main">
        Skip to the content
      </a>
      {!narrow && <Sidebar onSearch={() => setBar(true)} />}
      <div className={styles.column}>
        <Banners />
        <div className={styles.top}>
          {narrow && (
            <ActionIcon aria-label="Menu" onClick={setMenu.open}>
              <IconMenu2 size={18} />
            </ActionIcon>
          )}
          <Suspense fallback={<div className={kept().closed ? styles.closed : styles.room} />}>
            <Timeline narrow={narrow} />
          </Suspense>
          <Bell />
        </div>
        <main id="main" className={styles.main} tabIndex={-1}>
          <Suspense fallback={<Waiting />}>
            <Outlet />
          </Suspense>
        </main>
      </div>
      <Suspense fallback={null}>
        {menu && (
          <Sheet left title="Flagkeeper" onClose={setMenu.close}>
            <Sidebar
              inside
              onSearch={() => {
                setMenu.close();
                setBar(true);
              }}
              onGo={setMenu.close}
            />
          </Sheet>
        )}
        {bar && <CommandBar onClose={() => setBar(false)} />}
        {keys && <KeyList onClose={() => setKeys(false)} />}
      </Suspense>
      <SessionEnded />
    </div>
  );
}

/** Ctrl-K or Cmd-K, also while somebody types. */
function useCommandKey(open: () => void) {
  useEffect(() => {
    function press(event: KeyboardEvent) {
      if (event.key.toLowerCase() !== 'k' || !(event.metaKey || event.ctrlKey) || event.shiftKey || event.altKey)
        return;
      event.preventDefault();
      open();
    }
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, [open]);
}

function Sidebar({ inside = false, onSearch, onGo }: { inside?: boolean; onSearch: () => void; onGo?: () => void }) {
  const me = useQuery(meQuery).data;
  return (
    <div className={inside ? styles.sheet : styles.side}>
      {!inside && (
        <div className={styles.brand}>
          <Logo />
          Flagkeeper
        </div>
      )}
      <button type="button" className={styles.search} onClick={onSearch}>
        <IconSearch size={15} aria-hidden />
        <span>Search or jump to</span>
        <kbd>{/Mac|iPhone|iPad/.test(navigator.userAgent) ? '⌘K' : 'Ctrl K'}</kbd>
      </button>
      <nav aria-label="Main" className={styles.nav}>
        <Places places={PLACES} onGo={onGo} />
        <h2 className={styles.group}>Configure</h2>
        <Places places={CONFIGURE} onGo={onGo} />
        <Administration onGo={onGo} />
      </nav>
      <div className={styles.me}>
        {me && <UserMenu name={displayName(me.user)} />}
        <SchemeSwitch />
      </div>
    </div>
  );
}

/** What few need, and they not often: its pages are listed once it is opened, or one of them is shown. */
function Administration({ onGo }: { onGo?: (() => void) | undefined }) {
  const inside = useLocation().pathname.startsWith('/admin');
  const [opened, setOpened] = useState(false);
  const open = opened || inside;
  return (
    <details open={open} onToggle={(event) => setOpened(event.currentTarget.open)}>
      <summary className={styles.group}>Administer</summary>
      {open && (
        <Suspense fallback={null}>
          <Administer onGo={onGo} />
        </Suspense>
      )}
    </details>
  );
}

function UserMenu({ name }: { name: string }) {
  const navigate = useNavigate();
  return (
    <Menu position="top-start">
      <Menu.Target>
        <button type="button" className={styles.user}>
          <Avatar name={name} />
          <span className="cut">{name}</span>
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconUser size={15} />} onClick={() => navigate({ to: '/profile' })}>
          Profile and password
        </Menu.Item>
        <Menu.Item
          leftSection={<IconLogout size={15} />}
          onClick={async () => {
            await logOut();
            queryClient.clear();
            navigate({ to: '/login', search: {} });
          }}
        >
          Log out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

export function SchemeSwitch() {
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme('light') === 'dark';
  return (
    <ActionIcon
      aria-label={dark ? 'Switch to light colours' : 'Switch to dark colours'}
      onClick={() => setColorScheme(dark ? 'light' : 'dark')}
    >
      {dark ? <IconSun size={16} /> : <IconMoon size={16} />}
    </ActionIcon>
  );
}
