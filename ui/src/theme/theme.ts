import { createTheme, type MantineColorsTuple } from '@mantine/core';

const accent: MantineColorsTuple = [
  '#eeeefc',
  '#dcdcf8',
  '#bdbcf2',
  '#9c9bec',
  '#8f8ff5',
  '#6b66d8',
  '#4f46c8',
  '#4339b3',
  '#372f99',
  '#2b257c',
];

const compact = { defaultProps: { size: 'xs' } } as const;

/** How Mantine's components look here: 28 px high, dense, quiet. Colours are in `tokens.css`. */
export const theme = createTheme({
  fontFamily: '"Inter Variable", system-ui, sans-serif',
  fontFamilyMonospace: 'var(--mono)',
  fontSizes: { xs: '12px', sm: '13px', md: '13px', lg: '15px', xl: '20px' },
  lineHeights: { xs: '18px', sm: '20px', md: '20px', lg: '20px', xl: '28px' },
  radius: { xs: '4px', sm: '6px', md: '6px', lg: '10px', xl: '10px' },
  spacing: { xs: '4px', sm: '8px', md: '12px', lg: '16px', xl: '24px' },
  defaultRadius: 'sm',
  colors: { accent },
  primaryColor: 'accent',
  primaryShade: { light: 6, dark: 4 },
  respectReducedMotion: true,
  components: {
    Button: { defaultProps: { size: 'xs', variant: 'default' } },
    ActionIcon: { defaultProps: { size: 28, variant: 'subtle', color: 'gray' } },
    TextInput: compact,
    Textarea: compact,
    PasswordInput: compact,
    NumberInput: compact,
    Select: compact,
    NativeSelect: compact,
    MultiSelect: compact,
    Autocomplete: compact,
    TagsInput: compact,
    Checkbox: compact,
    Tooltip: { defaultProps: { openDelay: 300, multiline: true, maw: 320 } },
    Modal: { defaultProps: { centered: false, transitionProps: { duration: 120 }, radius: 'lg' } },
    Drawer: { defaultProps: { position: 'right', size: 640, transitionProps: { duration: 120 } } },
    Menu: { defaultProps: { transitionProps: { duration: 60 }, position: 'bottom-end' } },
  },
});
