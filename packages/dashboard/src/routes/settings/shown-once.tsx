/** A secret that the server shows this once. */
import { Button } from "../../parts/button.tsx";
import { CopyButton } from "../../parts/copy.tsx";
import { Dialog } from "../../parts/dialog.tsx";

interface ShownOnceProps {
  readonly title: string;
  readonly what: string;
  readonly secret: string;
  readonly text: string;
  readonly onClose: () => void;
}

export function ShownOnce({ title, what, secret, text, onClose }: ShownOnceProps) {
  const footer = (
    <Button look="main" onClick={onClose}>
      I have kept it
    </Button>
  );
  return (
    <Dialog title={title} onClose={onClose} footer={footer}>
      <p>{text}</p>
      <p className="secret">
        <code className="wrap">{secret}</code>
        <CopyButton text={secret} what={what} />
      </p>
    </Dialog>
  );
}
