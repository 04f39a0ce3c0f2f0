import { Modal, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconActivity, IconFlag3, IconMoon, IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useMemo, useState } from 'react';
import { foundFlagsQuery } from '../flags/api';
import { ADMINISTER } from './Administer';
import styles from './CommandBar.module.css';
import { CONFIGURE, OTHER, PLACES } from './navigation';

interface Command {
  group: string;
  label: string;
  hint?: string;
  icon: ReactNode;
  run: () => void;
}

const QUESTIONS: [string, string][] = [
  ['What changed in production in the last 30 minutes?', 'env:production since:30m'],
  ['Everything switched off today', 'type:feature-environment-disabled since:1d'],
  ['Changes by machines this week', 'actor:token,system since:7d'],
];

/** Pages, flags, actions, and questions to the log, from anywhere. */
export default function CommandBar({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState(0);
  const commands = useCommands(text.trim());
  const current = Math.min(chosen, commands.length - 1);

  function run(command: Command | undefined) {
    if (!command) return;
    onClose();
    command.run();
  }

  return (
    <Modal opened onClose={onClose} withCloseButton={false} padding={0} size={600} aria-label="Search or jump to">
      <input
        className={styles.input}
        role="combobox"
        aria-label="Search flags, pages and actions, or ask the log"
        aria-expanded="true"
        aria-controls="commands"
        aria-activedescendant={commands.length ? `command-${current}` : undefined}
        placeholder="Search flags, pages and actions, or ask the log"
        value={text}
        data-autofocus
        onChange={(event) => {
          setText(event.currentTarget.value);
          setChosen(0);
        }}
        onKeyDown={(event) => {
          const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
          if (step) setChosen((current + step + commands.length) % commands.length);
          else if (event.key === 'Enter') run(commands[current]);
          else return;
          event.preventDefault();
        }}
      />
      <div id="commands" role="listbox" aria-label="What was found" className={styles.list}>
        {commands.map((command, at) => (
          <div key={`${command.group} ${command.label}`}>
            {command.group !== commands[at - 1]?.group && (
              <div className={styles.group} aria-hidden>
                {command.group}
              </div>
            )}
            {/* biome-ignore lint/a11y/useKeyWithClickEvents: the keys belong to the field above */}
            {/* biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the field above */}
            <div
              role="option"
              id={`command-${at}`}
              aria-selected={at === current}
              className={styles.command}
              onMouseMove={() => setChosen(at)}
              onClick={() => run(command)}
            >
              {command.icon}
              <span className="cut">{command.label}</span>
              {command.hint && <span className="hint">{command.hint}</span>}
            </div>
          </div>
        ))}
      </div>
    </Modal>
  );
}

function useCommands(text: string): Command[] {
  const navigate = useNavigate();
  const [asked = ''] = useDebouncedValue(text.split(/[\s,]+/)[0], 120);
  const query = { query: asked, sortBy: 'name', limit: '100' };
  const flags = useQuery({ ...foundFlagsQuery(query), enabled: asked !== '' }).data?.features;
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme('light') === 'dark';
  return useMemo(() => {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (label: string) => words.every((word) => label.toLowerCase().includes(word));
    const log = (q: string) => () => navigate({ to: '/history', search: { q } });
    const found: Command[] = (words.length ? (flags ?? []) : [])
      .filter((flag) => fits(flag.name))
      .slice(0, 8)
      .map((flag) => ({
        group: 'Flags',
        label: flag.name,
        hint: flag.project,
        icon: <IconFlag3 size={16} />,
        run: () =>
          navigate({
            to: '/projects/$projectId/features/$featureName',
            params: { projectId: flag.project, featureName: flag.name },
          }),
      }));
    const questions: Command[] = QUESTIONS.filter(([label]) => fits(label)).map(([label, q]) => ({
      group: 'Ask the log',
      label,
      icon: <IconActivity size={16} />,
      run: log(q),
    }));
    const pages: Command[] = [...PLACES, ...CONFIGURE, ...ADMINISTER, ...OTHER]
      .filter((place) => fits(place.label))
      .map(({ label, to, icon: Icon, key }) => ({
        group: 'Go to',
        label,
        hint: key && `g then ${key}`,
        icon: <Icon size={16} />,
        run: () => navigate({ to }),
      }));
    const actions: Command[] = [
      {
        group: 'Actions',
        label: 'Create a flag',
        icon: <IconPlus size={16} />,
        run: () => navigate({ to: '/search', search: { create: 'yes' } }),
      },
      {
        group: 'Actions',
        label: 'Switch between light and dark',
        icon: <IconMoon size={16} />,
        run: () => setColorScheme(dark ? 'light' : 'dark'),
      },
    ].filter((each) => fits(each.label));
    const free: Command[] = text
      ? [{ group: 'Ask the log', label: `Events with: ${text}`, icon: <IconActivity size={16} />, run: log(text) }]
      : [];
    return words.length
      ? [...found, ...pages, ...actions, ...questions, ...free]
      : [...questions, ...pages, ...actions];
  }, [text, flags, navigate, dark, setColorScheme]);
}
