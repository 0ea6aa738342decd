/** Find or do: every place, function, app and deed by a few letters; an id leads to its run or event. */
import { useQuery } from "@tanstack/react-query";
import { type NavigateOptions, useNavigate } from "@tanstack/react-router";
import {
  Blocks,
  CornerDownLeft,
  ListTree,
  type LucideIcon,
  Play,
  Plus,
  Send,
  SquareFunction,
  SunMoon,
  Zap,
} from "lucide-react";
import { type KeyboardEvent, useEffect, useId, useState } from "react";
import { appsQuery, functionsQuery } from "../api/apps.ts";
import { type Deed, useRefusal } from "../api/deeds.ts";
import type { Fn } from "../api/records.ts";
import { useModal } from "../parts/dialog.tsx";
import { ask } from "./ask.ts";
import { ranked } from "./match-letters.ts";
import { PLACES } from "./navigation.tsx";
import { applyTheme, nextTheme, storedTheme } from "./theme.ts";

interface Entry {
  readonly key: string;
  readonly text: string;
  readonly hint: string;
  readonly icon: LucideIcon;
  /** Left out for whoever may not do it. */
  readonly deed?: Deed;
  readonly act: () => void;
}

const SHOWN_MAX = 40;
const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

export function Palette({ onClose }: { readonly onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const listId = useId();
  const element = useModal(onClose);
  const entries = useEntries(typed, onClose);
  const index = Math.min(at, Math.max(entries.length - 1, 0));
  const optionId = (position: number) => `${listId}-${position}`;
  useEffect(() => {
    document.getElementById(`${listId}-${index}`)?.scrollIntoView({ block: "nearest" });
  }, [listId, index]);
  const press = (event: KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      setAt((index + step + entries.length) % Math.max(entries.length, 1));
    }
    if (event.key === "Enter") {
      event.preventDefault();
      entries[index]?.act();
    }
  };
  return (
    <dialog ref={element} className="dialog palette" aria-label="Find or do">
      <input
        type="text"
        role="combobox"
        aria-expanded="true"
        aria-controls={listId}
        aria-activedescendant={entries.length === 0 ? undefined : optionId(index)}
        aria-label="Find or do"
        placeholder="A place, a function, a deed, or an id"
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          setAt(0);
        }}
        onKeyDown={press}
      />
      <div role="listbox" id={listId} aria-label="Results" className="palette-list">
        {entries.map(({ key, text, hint, icon: Icon, act }, position) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keys.
          <div
            key={key}
            id={optionId(position)}
            role="option"
            tabIndex={-1}
            aria-selected={position === index}
            onClick={act}
            onPointerMove={() => setAt(position)}
          >
            <Icon size={16} aria-hidden />
            <span className="cut">{text}</span>
            <small>{hint}</small>
          </div>
        ))}
        {entries.length === 0 && <p className="soft palette-none">Nothing fits.</p>}
      </div>
    </dialog>
  );
}

function useEntries(typed: string, onClose: () => void): readonly Entry[] {
  const functions = useQuery(functionsQuery).data ?? [];
  const apps = useQuery(appsQuery).data ?? [];
  const go = useGo(onClose);
  const refusalOf = useRefusal();
  const id = typed.trim().toUpperCase();
  if (ULID.test(id)) {
    return [
      { key: "run", text: id, hint: "run", icon: ListTree, act: go({ to: "/runs/$id", params: { id } }) },
      { key: "event", text: id, hint: "event", icon: Zap, act: go({ to: "/events/$id", params: { id } }) },
    ];
  }
  const entries = [
    ...PLACES.map(({ to, label, icon }): Entry => ({ key: to, text: label, hint: "go", icon, act: go({ to }) })),
    ...deeds(go, onClose),
    ...functions.flatMap((fn) => functionEntries(fn, go)),
    ...apps.map(({ name }): Entry => {
      return {
        key: `a ${name}`,
        text: name,
        hint: "app",
        icon: Blocks,
        act: go({ to: "/apps/$name", params: { name } }),
      };
    }),
  ];
  const open = entries.filter(({ deed }) => deed === undefined || refusalOf(deed) === null);
  return ranked(open, ({ text }) => text, typed).slice(0, SHOWN_MAX);
}

type Go = (to: NavigateOptions) => () => void;

/** Closes first: what opens next takes its place. */
function useGo(onClose: () => void): Go {
  const navigate = useNavigate();
  return (to) => () => {
    onClose();
    void navigate(to);
  };
}

function deeds(go: Go, onClose: () => void): readonly Entry[] {
  const change = () => {
    onClose();
    applyTheme(nextTheme(storedTheme()));
  };
  const failed = go({ to: "/runs", search: { status: "FAILED" } });
  return [
    {
      key: "send",
      text: "Send an event",
      hint: "do",
      icon: Send,
      deed: "sendEventV2",
      act: () => ask({ kind: "send" }),
    },
    { key: "add", text: "Add an app", hint: "do", icon: Plus, deed: "syncApp", act: () => ask({ kind: "add-app" }) },
    { key: "failed", text: "Failed runs", hint: "go", icon: CornerDownLeft, act: failed },
    { key: "theme", text: "Change the theme", hint: "do", icon: SunMoon, act: change },
  ];
}

function functionEntries({ slug, name }: Fn, go: Go): readonly Entry[] {
  const open = go({ to: "/functions/$slug", params: { slug } });
  return [
    { key: `f ${slug}`, text: name, hint: "function", icon: SquareFunction, act: open },
    {
      key: `i ${slug}`,
      text: `Invoke ${name}`,
      hint: "do",
      icon: Play,
      deed: "invokeFunction",
      act: () => ask({ kind: "invoke", slug }),
    },
  ];
}
