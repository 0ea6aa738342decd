/** The frame around every view, and the dialogs that belong to none. */
import { Outlet, useRouterState } from "@tanstack/react-router";
import { Search } from "lucide-react";
import { useEffect, useRef } from "react";
import { Button } from "../parts/button.tsx";
import { Toasts } from "../parts/toast.tsx";
import { AddAppDialog } from "../routes/apps/add-app.tsx";
import { SendDialog } from "../routes/events/send-dialog.tsx";
import { InvokeDialog } from "../routes/functions/invoke-dialog.tsx";
import { SessionGate } from "../routes/login/session-gate.tsx";
import { SetupPage } from "../routes/login/setup-page.tsx";
import { ask, useAsked } from "./ask.ts";
import { Brand } from "./brand.tsx";
import { MoreDialog, Navigation, ThemeButton } from "./navigation.tsx";
import { Palette } from "./palette.tsx";

export function Shell() {
  const isSetup = useRouterState({ select: (state) => state.location.pathname === "/setup" });
  if (isSetup) return <SetupPage />;
  return (
    <SessionGate>
      <Frame />
    </SessionGate>
  );
}

function Frame() {
  const main = useRef<HTMLElement>(null);
  const path = useRouterState({ select: (state) => state.location.pathname });
  // biome-ignore lint/correctness/useExhaustiveDependencies: another view begins at its top.
  useEffect(() => {
    main.current?.scrollTo({ top: 0 });
  }, [path]);
  usePaletteKey();
  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <header className="top">
        <Brand />
        <Button look="plain" onClick={() => ask({ kind: "palette" })} aria-label="Find or do">
          <Search size={18} aria-hidden />
        </Button>
        <ThemeButton />
      </header>
      <Navigation />
      <main className="main" id="main" tabIndex={-1} ref={main}>
        <Outlet />
      </main>
      <AskedDialog />
      <Toasts />
    </div>
  );
}

function AskedDialog() {
  const asked = useAsked();
  const close = () => ask(null);
  switch (asked?.kind) {
    case undefined:
      return null;
    case "palette":
      return <Palette onClose={close} />;
    case "more":
      return <MoreDialog onClose={close} />;
    case "send":
      return <SendDialog start={asked.event ?? null} onClose={close} />;
    case "invoke":
      return <InvokeDialog slug={asked.slug} onClose={close} />;
    case "add-app":
      return <AddAppDialog start={asked.url ?? ""} onClose={close} />;
  }
}

function usePaletteKey(): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      ask({ kind: "palette" });
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, []);
}
