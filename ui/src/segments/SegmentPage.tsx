import { Alert, Button, Select, Textarea, TextInput } from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { ApiError } from '../api/errors';
import { queryClient } from '../api/query-client';
import { projectsQuery } from '../projects/api';
import { Can } from '../shared/Can';
import { Confirm } from '../shared/Confirm';
import { ConstraintsEditor } from '../shared/ConstraintsEditor';
import { cleanedConstraints, problemOfConstraints } from '../shared/constraints';
import { reasons } from '../shared/FormDialog';
import { MeanwhileNote, Stale, useMeanwhile } from '../shared/Meanwhile';
import { Page } from '../shared/Page';
import { ErrorState, Waiting } from '../shared/states';
import { several } from '../shared/time';
import { toast } from '../shared/toasts';
import { Uses } from '../shared/Uses';
import { useChange } from '../shared/useChange';
import { createSegment, deleteSegment, type Segment, segmentQuery, updateSegment, usesQuery } from './api';
import styles from './Segment.module.css';

const above = <Link to="/segments">Segments</Link>;

export function CreateSegmentPage() {
  return (
    <Page title="Create a segment" above={above}>
      <SegmentForm />
    </Page>
  );
}

/** One segment: its conditions, and which strategies use it. */
export function EditSegmentPage() {
  const { segmentId } = useParams({ from: '/shell/segments/edit/$segmentId' });
  const found = useQuery(segmentQuery(Number(segmentId)));
  if (!found.data && found.isError) return <ErrorState error={found.error} retry={() => found.refetch()} />;
  if (!found.data)
    return (
      <Page title="Segment" above={above}>
        <Waiting />
      </Page>
    );
  return <Shown segment={found.data} error={found.error} />;
}

function Shown({ segment, error }: { segment: Segment; error: unknown }) {
  const uses = useQuery(usesQuery(segment.id));
  const [deleting, setDeleting] = useState(false);
  const change = useChange('segments');
  const navigate = useNavigate();
  /** What is gone has no page: this one is left before it is asked for again. */
  const left = async <T,>(done: T) => {
    await navigate({ to: '/segments' });
    return done;
  };
  const used = (uses.data?.length ?? 0) > 0;
  return (
    <Page
      title={segment.name}
      above={above}
      actions={
        <Can need={{ permission: 'DELETE_SEGMENT', project: segment.project ?? undefined }}>
          <Button
            color="red"
            leftSection={<IconTrash size={15} />}
            disabled={used || !uses.data}
            title={used ? 'Strategies use it: take it out of them first' : undefined}
            onClick={() => setDeleting(true)}
          >
            Delete
          </Button>
        </Can>
      }
    >
      <Stale error={error} what="segment" />
      <SegmentForm key={segment.id} segment={segment} />
      <Uses
        question={uses}
        none="No strategy uses it."
        told={(count) => `${several(count, 'strategy follows', 'strategies follow')} every change of it at once.`}
      />
      <Confirm
        opened={deleting}
        title={`Delete ${segment.name}`}
        act="Delete segment"
        typed={segment.name}
        busy={change.isPending}
        onClose={() => setDeleting(false)}
        onConfirm={() =>
          change.mutate({
            run: () => deleteSegment(segment.id).then(left),
            done: `Deleted ${segment.name}.`,
            not: 'Not deleted',
          })
        }
      >
        Nothing uses it. The event log keeps what it was.
      </Confirm>
    </Page>
  );
}

const draftOf = (segment?: Segment) => ({
  name: segment?.name ?? '',
  description: segment?.description ?? '',
  project: segment?.project ?? '',
  constraints: segment?.constraints ?? [],
});

function SegmentForm({ segment }: { segment?: Segment }) {
  const projects = useQuery(projectsQuery).data ?? [];
  const stored = draftOf(segment);
  const [draft, setDraft] = useState(stored);
  const set = (part: Partial<typeof draft>) => setDraft((old) => ({ ...old, ...part }));
  const meanwhile = useMeanwhile(stored, draft);
  const { name, description, project, constraints } = draft;
  const navigate = useNavigate();
  const saving = useMutation({
    mutationFn: async () => {
      const body = {
        name: name.trim(),
        description: description.trim() || null,
        project: project || null,
        constraints: cleanedConstraints(constraints),
      };
      await (segment ? updateSegment(segment.id, body) : createSegment(body));
    },
    onSuccess: async () => {
      await Promise.all(['segments', 'log'].map((key) => queryClient.invalidateQueries({ queryKey: [key] })));
      toast(`${segment ? 'Saved' : 'Created'} ${name.trim()}.`);
      if (!segment) navigate({ to: '/segments' });
    },
  });
  const about = (field: string) => (saving.error instanceof ApiError ? saving.error.about(field) : undefined);
  const problem = name.trim() ? problemOfConstraints(constraints) : 'It needs a name.';
  return (
    <form
      className={styles.form}
      aria-label="Segment"
      onSubmit={(event) => {
        event.preventDefault();
        if (!problem) saving.mutate();
      }}
    >
      {segment && !saving.isPending && (
        <MeanwhileNote of={meanwhile} type="segment-updated" what="segment" onTake={setDraft} />
      )}
      <TextInput
        label="Name"
        value={name}
        error={about('name')}
        onChange={(event) => set({ name: event.currentTarget.value })}
        autoComplete="off"
      />
      <Textarea
        label="Description"
        autosize
        minRows={2}
        value={description}
        onChange={(event) => set({ description: event.currentTarget.value })}
      />
      <Select
        label="For strategies of"
        allowDeselect={false}
        data={[{ value: '', label: 'All projects' }, ...projects.map((each) => ({ value: each.id, label: each.name }))]}
        value={project}
        error={about('project')}
        onChange={(next) => set({ project: next ?? '' })}
      />
      <h2>Who is in it: all of these have to hold</h2>
      <ConstraintsEditor value={constraints} onChange={(next) => set({ constraints: next })} />
      {saving.isError && (
        <Alert color="red" variant="light" role="alert" title="Not saved">
          {reasons(saving.error)}
        </Alert>
      )}
      <div className={styles.foot}>
        <Can
          need={{ permission: segment ? 'UPDATE_SEGMENT' : 'CREATE_SEGMENT', project: segment?.project ?? undefined }}
        >
          <Button type="submit" variant="filled" loading={saving.isPending} disabled={problem !== null}>
            {segment ? 'Save segment' : 'Create segment'}
          </Button>
        </Can>
        {problem && <span className="hint">{problem}</span>}
      </div>
    </form>
  );
}
