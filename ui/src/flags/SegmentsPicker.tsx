import { MultiSelect } from '@mantine/core';

/** Segments whose conditions have to hold as well. */
export function SegmentsPicker({
  value,
  segments,
  onChange,
}: {
  value: number[];
  segments: { id: number; name: string }[];
  onChange: (ids: number[]) => void;
}) {
  if (!segments.length) return null;
  return (
    <MultiSelect
      label="Segments"
      placeholder={value.length ? '' : 'Any'}
      searchable
      data={segments.map((each) => ({ value: String(each.id), label: each.name }))}
      value={value.map(String)}
      onChange={(ids) => onChange(ids.map(Number))}
    />
  );
}
