/** Where one can go: at the side of a wide screen, at the foot of a narrow one. */
import { Link } from "@tanstack/react-router";
import {
  Blocks,
  House,
  Layers,
  ListTree,
  type LucideIcon,
  Moon,
  Search,
  SquareFunction,
  Sun,
  SunMoon,
  Zap,
} from "lucide-react";
import { useState } from "react";
import { type FeedState, useFeedState } from "../api/feed.ts";
import { Button } from "../parts/button.tsx";
import { ask } from "./ask.ts";
import { Brand } from "./brand.tsx";
import { applyTheme, nextTheme, storedTheme } from "./theme.ts";

interface Place {
  readonly to: "/" | "/runs" | "/events" | "/functions" | "/apps" | "/operations";
  readonly label: string;
  readonly icon: LucideIcon;
  /** Not on a narrow screen: it has five places at most. */
  readonly isMinor?: boolean;
}

export const PLACES: readonly Place[] = [
  { to: "/", label: "Home", icon: House },
  { to: "/runs", label: "Runs", icon: ListTree },
  { to: "/events", label: "Events", icon: Zap },
  { to: "/functions", label: "Functions", icon: SquareFunction },
  { to: "/apps", label: "Apps", icon: Blocks },
  { to: "/operations", label: "Operations", icon: Layers, isMinor: true },
];

export function Navigation() {
  return (
    <aside className="side">
      <Brand />
      <button type="button" className="find" onClick={() => ask({ kind: "palette" })}>
        <Search size={15} aria-hidden />
        Find or do …<kbd>{isApple() ? "⌘K" : "Ctrl K"}</kbd>
      </button>
      <nav className="nav" aria-label="Main">
        {PLACES.map(({ to, label, icon: Icon, isMinor = false }) => (
          <Link
            key={to}
            to={to}
            className={isMinor ? "wide-only" : undefined}
            activeOptions={{ exact: to === "/", includeSearch: false }}
            activeProps={{ "aria-current": "page" }}
          >
            <Icon size={17} aria-hidden />
            {label}
          </Link>
        ))}
      </nav>
      <div className="side-foot">
        <LiveSign />
        <ThemeButton hasLabel />
      </div>
    </aside>
  );
}

const STATES: Readonly<Record<FeedState, string>> = {
  connecting: "Connecting …",
  open: "Live",
  lost: "Connection lost, retrying",
};

export function LiveSign() {
  const state = useFeedState();
  return (
    <span className="live" data-state={state} role="status">
      {STATES[state]}
    </span>
  );
}

const THEMES = {
  system: { icon: SunMoon, label: "Theme: as the system" },
  light: { icon: Sun, label: "Theme: light" },
  dark: { icon: Moon, label: "Theme: dark" },
} as const;

export function ThemeButton({ hasLabel = false }: { readonly hasLabel?: boolean }) {
  const [theme, setTheme] = useState(storedTheme);
  const { icon: Icon, label } = THEMES[theme];
  const change = () => {
    const next = nextTheme(theme);
    applyTheme(next);
    setTheme(next);
  };
  return (
    <Button look="plain" className="theme-button" onClick={change} aria-label={label} title={label}>
      <Icon size={16} aria-hidden />
      {hasLabel && <span className="small">{label}</span>}
    </Button>
  );
}

export function isApple(): boolean {
  return /Mac|iPhone|iPad/.test(navigator.userAgent);
}
