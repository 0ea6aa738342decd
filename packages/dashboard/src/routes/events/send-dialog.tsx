/** Sending events: one or several, as JSON, beginning with the last payload of the name. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { functionsQuery } from "../../api/apps.ts";
import { eventsQuery, fetchEvents, type OutgoingEvent, sendEvents } from "../../api/events.ts";
import type { EventRow } from "../../api/records.ts";
import { Note } from "../../parts/badge.tsx";
import { Button } from "../../parts/button.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { JsonEditor } from "../../parts/json-editor.tsx";
import { errorLine } from "../../parts/states.tsx";
import { tellDone } from "../../parts/toast.tsx";
import { jsonText } from "../../words/json-text.ts";
import { listenersOf, similarNames } from "../../words/triggers.ts";
import { readOutgoing } from "./outgoing.ts";

const RECENT = 20;
const EMPTY: OutgoingEvent = { name: "", data: {} };

interface SendDialogProps {
  readonly start: OutgoingEvent | null;
  readonly onClose: () => void;
}

export function SendDialog({ start, onClose }: SendDialogProps) {
  const recent = useQuery(eventsQuery({}, RECENT)).data?.rows ?? [];
  const functions = useQuery(functionsQuery).data ?? [];
  const [text, setText] = useState(() => jsonText(start ?? EMPTY));
  const [editorKey, setEditorKey] = useState(0);
  const client = useQueryClient();
  const fill = (event: OutgoingEvent) => {
    setText(jsonText(event));
    setEditorKey((key) => key + 1); // The editor keeps its own text: another one begins with this.
  };
  const reading = readOutgoing(text);
  const { mutate, isPending, error } = useMutation({
    mutationFn: sendEvents,
    onSuccess: (ids) => {
      tellDone(<SentWords ids={ids} />);
      void client.invalidateQueries({ queryKey: ["events"] });
      onClose();
    },
  });
  const names = [
    ...new Set([
      ...functions.flatMap((fn) => fn.triggers.flatMap((one) => ("event" in one ? [one.event] : []))),
      ...recent.map((event) => event.name),
    ]),
  ].filter((name) => !name.endsWith("*") && !name.startsWith("inngest/"));
  const events = "events" in reading ? reading.events : [];
  const unheard = events.filter(({ name }) => functions.length > 0 && listenersOf(functions, name).length === 0);
  const canSend = events.length > 0 && !isPending;
  return (
    <Dialog
      title="Send an event"
      size="wide"
      onClose={onClose}
      onSubmit={() => canSend && mutate(events)}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="main" disabled={!canSend}>
            {isPending ? "Sending …" : events.length > 1 ? `Send ${events.length} events` : "Send"}
          </Button>
        </>
      }
    >
      <NamePicker names={names} onPick={async (name) => fill(await lastOf(name))} />
      <JsonEditor
        key={editorKey}
        label="Event"
        value={text}
        onChange={setText}
        problem={"problem" in reading && text !== jsonText(EMPTY) ? reading.problem : null}
      />
      <p className="soft small">
        One event, or a list of them. Fields: <code>name</code>, <code>data</code>, and if you like <code>user</code>,{" "}
        <code>id</code> (within 24 h, each function starts once for it), <code>ts</code>, <code>v</code>.
      </p>
      {unheard[0] !== undefined && (
        <Note tone="warn">
          {`No function listens to ${unheard[0].name}.`}
          {similarNames(functions, unheard[0].name).map((name) => ` Did you mean ${name}?`)}
        </Note>
      )}
      {error !== null && <Note tone="bad">{errorLine(error)}</Note>}
    </Dialog>
  );
}

function SentWords({ ids }: { readonly ids: readonly string[] }) {
  const [first] = ids;
  return (
    <>
      {ids.length === 1 ? "The event was sent. " : `${ids.length} events were sent. `}
      {first !== undefined && (
        <Link to="/events/$id" params={{ id: first }}>
          See what became of it
        </Link>
      )}
    </>
  );
}

interface NamePickerProps {
  readonly names: readonly string[];
  readonly onPick: (name: string) => void;
}

function NamePicker({ names, onPick }: NamePickerProps) {
  if (names.length === 0) return null;
  return (
    <label className="field">
      <span>Begin with</span>
      <select
        className="input"
        defaultValue=""
        onChange={(event) => event.target.value !== "" && onPick(event.target.value)}
      >
        <option value="">an event that functions listen to …</option>
        {[...names].sort().map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The last payload of the name, or an empty one. */
async function lastOf(name: string): Promise<OutgoingEvent> {
  const page = await fetchEvents({ name }, null, 1).catch(() => null);
  const last = page?.rows[0];
  return last === undefined ? { name, data: {} } : outgoingOf(last);
}

/** The same event once more: without what makes it that one. */
export function outgoingOf({ name, data, user, v }: EventRow): OutgoingEvent {
  const hasUser = typeof user === "object" && user !== null && Object.keys(user).length > 0;
  return { name, data, ...(hasUser ? { user } : {}), ...(v === undefined ? {} : { v }) };
}
