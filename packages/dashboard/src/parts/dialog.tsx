/**
 * A dialog on the browser's own element: it keeps the focus inside, closes with Escape and gives the focus back. Libraries
 * that lock scrolling do it with inline styles, which the page's policy refuses.
 */
import { X } from "lucide-react";
import { type FormEvent, type ReactNode, useEffect, useId, useRef } from "react";
import { Button } from "./button.tsx";

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  /** Called when the form is sent. */
  readonly onSubmit?: (() => void) | undefined;
  readonly footer?: ReactNode;
  readonly size?: "wide" | undefined;
  readonly children: ReactNode;
}

export function Dialog({ title, onClose, onSubmit, footer, size, children }: DialogProps) {
  const element = useModal(onClose);
  const titleId = useId();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit?.();
  };
  return (
    <dialog ref={element} className="dialog" data-size={size} aria-labelledby={titleId}>
      <form onSubmit={submit}>
        <header>
          <h2 id={titleId}>{title}</h2>
          <Button look="plain" size="small" onClick={onClose} aria-label="Close">
            <X size={16} aria-hidden />
          </Button>
        </header>
        <div className="dialog-body">{children}</div>
        {footer !== undefined && <footer>{footer}</footer>}
      </form>
    </dialog>
  );
}

/** Shows the element as a modal while it is mounted. */
export function useModal(onClose: () => void) {
  const element = useRef<HTMLDialogElement>(null);
  const close = useRef(onClose);
  useEffect(() => {
    close.current = onClose;
  });
  useEffect(() => {
    const dialog = element.current;
    if (dialog === null) return;
    const cancel = (event: Event) => {
      event.preventDefault();
      close.current();
    };
    dialog.addEventListener("cancel", cancel);
    if (!dialog.open) dialog.showModal();
    return () => {
      dialog.removeEventListener("cancel", cancel);
      dialog.close();
    };
  }, []);
  return element;
}
