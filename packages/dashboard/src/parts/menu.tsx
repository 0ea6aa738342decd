/** A button with a list of deeds below it. Arrows move, Escape and a click elsewhere close. */
import type { LucideIcon } from "lucide-react";
import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { type Deed, useRefusal } from "../api/deeds.ts";
import { Button } from "./button.tsx";
import { tellRefusal } from "./toast.tsx";

export interface MenuItem {
  readonly label: string;
  readonly icon: LucideIcon;
  /** It is on or off, and the menu stays open. */
  readonly isChecked?: boolean;
  /** What it does, where not everybody may. */
  readonly deed?: Deed;
  readonly act: () => void;
}

interface MenuProps {
  readonly label: string;
  readonly items: readonly MenuItem[];
  readonly children: ReactNode;
}

export function Menu({ label, items, children }: MenuProps) {
  const [isOpen, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!isOpen) return;
    root.current?.querySelector<HTMLElement>("[data-item]")?.focus();
    const leave = (event: PointerEvent) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", leave);
    return () => document.removeEventListener("pointerdown", leave);
  }, [isOpen]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (!isOpen) return;
    if (event.key === "Escape" || event.key === "Tab") {
      setOpen(false);
      if (event.key === "Escape") root.current?.querySelector("button")?.focus();
    }
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      step(root.current, event.key === "ArrowDown" ? 1 : -1);
    }
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys pressed in the list and on the button arrive here.
    <div className="menu" ref={root} onKeyDown={onKeyDown}>
      <Button aria-haspopup="menu" aria-expanded={isOpen} aria-label={label} onClick={() => setOpen(!isOpen)}>
        {children}
      </Button>
      {isOpen && (
        <div role="menu" aria-label={label}>
          {items.map((item) => (
            <ItemButton key={item.label} item={item} close={() => setOpen(false)} />
          ))}
        </div>
      )}
    </div>
  );
}

function ItemButton({ item, close }: { readonly item: MenuItem; readonly close: () => void }) {
  const { label, icon: Icon, isChecked, deed, act } = item;
  const refusalOf = useRefusal();
  const refusal = deed === undefined ? null : refusalOf(deed);
  return (
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: it has one role or the other, and only one of them is checked.
    <button
      type="button"
      role={isChecked === undefined ? "menuitem" : "menuitemcheckbox"}
      aria-checked={isChecked}
      aria-disabled={refusal !== null || undefined}
      title={refusal ?? undefined}
      data-item=""
      onClick={() => {
        if (isChecked === undefined) close();
        if (refusal === null) act();
        else tellRefusal(refusal);
      }}
    >
      <Icon size={15} aria-hidden />
      {label}
    </button>
  );
}

function step(root: HTMLElement | null, by: number): void {
  const items = [...(root?.querySelectorAll<HTMLElement>("[data-item]") ?? [])];
  const at = items.indexOf(document.activeElement as HTMLElement);
  items[(at + by + items.length) % items.length]?.focus();
}
