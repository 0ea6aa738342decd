/** Where one can go: at the side of a wide screen, at the foot of a narrow one. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import {
  Blocks,
  Ellipsis,
  Hourglass,
  House,
  Layers,
  ListTree,
  LogOut,
  type LucideIcon,
  Moon,
  ScrollText,
  Search,
  Settings,
  SquareFunction,
  Sun,
  SunMoon,
  UserRound,
  Zap,
} from "lucide-react";
import { useState } from "react";
import { logout, sessionQuery } from "../api/access.ts";
import { type FeedState, useFeedState } from "../api/feed.ts";
import { Button } from "../parts/button.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { tellError } from "../parts/toast.tsx";
import { ask } from "./ask.ts";
import { Brand } from "./brand.tsx";
import { applyTheme, nextTheme, storedTheme } from "./theme.ts";

interface Place {
  readonly to: "/" | "/runs" | "/events" | "/functions" | "/queue" | "/apps" | "/logs" | "/operations" | "/settings";
  readonly label: string;
  readonly icon: LucideIcon;
  /** On a narrow screen it is behind "More": there are five places at most. */
  readonly isMinor?: boolean;
}

export const PLACES: readonly Place[] = [
  { to: "/", label: "Home", icon: House },
  { to: "/runs", label: "Runs", icon: ListTree },
  { to: "/events", label: "Events", icon: Zap },
  { to: "/functions", label: "Functions", icon: SquareFunction },
  { to: "/queue", label: "Queue", icon: Hourglass, isMinor: true },
  { to: "/apps", label: "Apps", icon: Blocks, isMinor: true },
  { to: "/logs", label: "Logs", icon: ScrollText, isMinor: true },
  { to: "/operations", label: "Operations", icon: Layers, isMinor: true },
  { to: "/settings", label: "Settings", icon: Settings, isMinor: true },
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
            className={isMinor ? "nav-minor" : undefined}
            activeOptions={{ exact: to === "/", includeSearch: false }}
            activeProps={{ "aria-current": "page" }}
          >
            <Icon size={17} aria-hidden />
            {label}
          </Link>
        ))}
        <button type="button" className="nav-more" aria-haspopup="dialog" onClick={() => ask({ kind: "more" })}>
          <Ellipsis size={17} aria-hidden />
          More
        </button>
      </nav>
      <div className="side-foot">
        <WhoIsIt />
        <LiveSign />
        <ThemeButton hasLabel />
      </div>
    </aside>
  );
}

/** Who is logged in, where that is asked. */
function WhoIsIt() {
  const principal = useQuery(sessionQuery).data?.principal;
  if (principal?.kind !== "session") return null;
  return (
    <p className="who small">
      <UserRound size={15} aria-hidden />
      <span className="cut">{principal.name}</span>
      {principal.scope !== "admin" && <span className="soft">{`may ${principal.scope}`}</span>}
      <Button
        look="plain"
        size="small"
        className="push"
        onClick={() => void leave()}
        aria-label="Log out"
        title="Log out"
      >
        <LogOut size={15} aria-hidden />
      </Button>
    </p>
  );
}

async function leave(): Promise<void> {
  try {
    await logout();
    location.assign("/");
  } catch (error) {
    tellError(error);
  }
}

/** The places that a narrow screen has no room for. */
export function MoreDialog({ onClose }: { readonly onClose: () => void }) {
  return (
    <Dialog title="More" onClose={onClose}>
      <nav className="more-places" aria-label="More places">
        {PLACES.filter(({ isMinor }) => isMinor === true).map(({ to, label, icon: Icon }) => (
          <Link key={to} to={to} onClick={onClose} activeProps={{ "aria-current": "page" }}>
            <Icon size={18} aria-hidden />
            {label}
          </Link>
        ))}
      </nav>
      <WhoIsIt />
      <LiveSign />
    </Dialog>
  );
}

const STATES: Readonly<Record<FeedState, string>> = {
  connecting: "Connecting …",
  open: "Live",
  lost: "Connection lost, retrying",
};

function LiveSign() {
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

function isApple(): boolean {
  return /Mac|iPhone|iPad/.test(navigator.userAgent);
}
