/** Asks before something that cannot be taken back, does it, and says what went wrong. */
import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Note } from "./badge.tsx";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { errorLine } from "./states.tsx";

interface ConfirmProps {
  readonly title: string;
  /** What the button says: the deed, not "OK". */
  readonly verb: string;
  readonly look?: "main" | "danger";
  readonly isReady?: boolean;
  readonly act: () => Promise<unknown>;
  readonly onClose: () => void;
  readonly size?: "wide";
  readonly children: ReactNode;
}

export function Confirm({ title, verb, look = "main", isReady = true, act, onClose, size, children }: ConfirmProps) {
  const { mutate, isPending, error } = useMutation({ mutationFn: act, onSuccess: onClose });
  const canSubmit = isReady && !isPending;
  const footer = (
    <>
      <Button onClick={onClose}>Keep as it is</Button>
      <Button type="submit" look={look} disabled={!canSubmit}>
        {isPending ? "Working …" : verb}
      </Button>
    </>
  );
  return (
    <Dialog title={title} onClose={onClose} onSubmit={() => canSubmit && mutate()} footer={footer} size={size}>
      {children}
      {error !== null && <Note tone="bad">{errorLine(error)}</Note>}
    </Dialog>
  );
}
