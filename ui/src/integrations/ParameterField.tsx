import { Checkbox, PasswordInput, Textarea, TextInput } from '@mantine/core';
import type { Parameter } from './api';
import { MASK } from './model';

/** A parameter, as its provider describes it. A secret is written and never read: one that is stored stays until it is typed anew. */
export function ParameterField({
  parameter,
  value,
  error,
  onChange,
}: {
  parameter: Parameter;
  value: string;
  error?: string | undefined;
  onChange: (value: string) => void;
}) {
  const stored = parameter.sensitive && value === MASK;
  const props = {
    label: parameter.displayName,
    description: stored ? `${parameter.description} It is stored; type to replace it.` : parameter.description,
    placeholder: stored ? 'Stored, and not shown' : parameter.placeholder,
    value: stored ? '' : value,
    error,
    required: parameter.required && !stored,
    withAsterisk: parameter.required,
    autoComplete: 'off',
    spellCheck: false,
    onChange: (event: { currentTarget: { value: string } }) =>
      onChange(event.currentTarget.value || (stored ? MASK : '')),
  };
  if (parameter.placeholder === 'false' || parameter.placeholder === 'true')
    return (
      <Checkbox
        label={parameter.displayName}
        description={parameter.description}
        checked={value === 'true'}
        error={error}
        onChange={(event) => onChange(event.currentTarget.checked ? 'true' : '')}
      />
    );
  if (parameter.type === 'textfield') return <Textarea {...props} autosize minRows={2} />;
  if (parameter.sensitive && parameter.type !== 'url')
    return (
      <PasswordInput
        {...props}
        autoComplete="new-password"
        visibilityToggleButtonProps={{ 'aria-label': `Show ${parameter.displayName}` }}
      />
    );
  return <TextInput {...props} />;
}
