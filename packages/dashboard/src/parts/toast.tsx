/** Short messages about what was done, read aloud by screen readers, gone by themselves. Errors stay longer. */
import { CircleCheck, CircleX, X } from "lucide-react";
import { type ReactNode, useSyncExternalStore } from "react";
import { Button } from "./button.tsx";
import { errorLine } from "./states.tsx";

interface Toast {
  readonly id: number;
  readonly tone: "ok" | "bad";
  readonly content: ReactNode;
}

const SHOWN_MS = { ok: 5_000, bad: 12_000 };
const SHOWN_MAX = 4;

let toasts: readonly Toast[] = [];
let lastId = 0;
const listeners = new Set<() => void>();

function set(next: readonly Toast[]): void {
  toasts = next;
  for (const changed of listeners) changed();
}

function show(tone: Toast["tone"], content: ReactNode): void {
  const id = ++lastId;
  set([...toasts, { id, tone, content }].slice(-SHOWN_MAX));
  setTimeout(() => dismiss(id), SHOWN_MS[tone]);
}

const dismiss = (id: number) => set(toasts.filter((toast) => toast.id !== id));

export const tellDone = (content: ReactNode) => show("ok", content);
export const tellRefusal = (words: string) => show("bad", words);
export const tellError = (error: unknown) => show("bad", errorLine(error));

export function Toasts() {
  const shown = useSyncExternalStore(
    (changed) => {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
    () => toasts,
  );
  return (
    <section className="toasts" aria-label="Messages" aria-live="polite">
      {shown.map(({ id, tone, content }) => (
        <div key={id} className={`tone-${tone}`}>
          {tone === "ok" ? <CircleCheck size={16} aria-hidden /> : <CircleX size={16} aria-hidden />}
          <div className="wrap">{content}</div>
          <Button look="plain" size="small" className="push" aria-label="Dismiss" onClick={() => dismiss(id)}>
            <X size={14} aria-hidden />
          </Button>
        </div>
      ))}
    </section>
  );
}
