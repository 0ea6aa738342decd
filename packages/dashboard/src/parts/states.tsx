/** What a view shows instead of its data: nothing yet, still loading, or an error with what to do. */
import { CircleAlert, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { ApiError } from "../api/request.ts";
import { Button } from "./button.tsx";

interface EmptyProps {
  readonly icon: LucideIcon;
  readonly title: string;
  /** Nothing else stands on the page. */
  readonly isPage?: boolean;
  readonly children?: ReactNode;
}

export function Empty({ icon: Icon, title, isPage = false, children }: EmptyProps) {
  const Heading = isPage ? "h1" : "h2";
  return (
    <div className="empty">
      <Icon size={32} strokeWidth={1.6} aria-hidden />
      <Heading>{title}</Heading>
      {children}
    </div>
  );
}

const BONES = ["72%", "48%", "60%", "54%", "66%", "40%", "58%", "50%"];

/** Grey lines where rows will stand. */
export function Bones({ count = 6 }: { readonly count?: number }) {
  return (
    <div className="stack" role="status" aria-label="Loading">
      {BONES.slice(0, count).map((width) => (
        <span key={width} className="bone" style={{ width }} />
      ))}
    </div>
  );
}

interface FailureProps {
  readonly error: unknown;
  readonly retry?: (() => void) | undefined;
  readonly isPage?: boolean;
}

export function Failure({ error, retry, isPage = false }: FailureProps) {
  const Heading = isPage ? "h1" : "h2";
  const { title, detail } = failureWords(error);
  return (
    <div className="empty" role="alert">
      <CircleAlert size={32} strokeWidth={1.6} aria-hidden />
      <Heading className="wrap">{title}</Heading>
      {detail !== null && <p>{detail}</p>}
      {retry !== undefined && <Button onClick={() => retry()}>Try again</Button>}
    </div>
  );
}

/** One sentence about an error, for toasts and dialogs. */
export function errorLine(error: unknown): string {
  const { title, detail } = failureWords(error);
  return detail === null ? title : `${title} ${detail}`;
}

/** What to do, where the answer does not say it. */
const FIXES: Readonly<Record<string, string>> = {
  expression_invalid: 'An expression is a condition such as event.data.total > 100 && event.data.country == "DE".',
};

function failureWords(error: unknown): { readonly title: string; readonly detail: string | null } {
  if (!(error instanceof ApiError)) {
    return { title: "Something went wrong.", detail: error instanceof Error ? error.message : null };
  }
  return { title: error.message, detail: error.fix ?? FIXES[error.code] ?? null };
}
