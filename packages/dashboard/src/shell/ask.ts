/** Dialogs that may be asked for from anywhere: sending an event, invoking a function, adding an app, the palette. */
import { useSyncExternalStore } from "react";
import type { OutgoingEvent } from "../api/events.ts";

export type Asked =
  | { readonly kind: "palette" }
  | { readonly kind: "more" }
  | { readonly kind: "send"; readonly event?: OutgoingEvent }
  | { readonly kind: "invoke"; readonly slug: string }
  | { readonly kind: "add-app"; readonly url?: string };

let asked: Asked | null = null;
const listeners = new Set<() => void>();

export function ask(next: Asked | null): void {
  asked = next;
  for (const changed of listeners) changed();
}

export function useAsked(): Asked | null {
  return useSyncExternalStore(
    (changed) => {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
    () => asked,
  );
}
