/** Copying to the clipboard, with a word about it. */
import { Check, Copy } from "lucide-react";
import { useState } from "react";
import { Button } from "./button.tsx";
import { tellDone, tellError } from "./toast.tsx";

const SHOWN_MS = 1_500;

export async function copyText(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    tellDone(`Copied ${what}.`);
  } catch {
    tellError(new Error("The browser does not let this page use the clipboard."));
  }
}

interface CopyProps {
  readonly text: string | (() => string);
  /** What is copied: "the run's id". */
  readonly what: string;
}

export function CopyButton({ text, what }: CopyProps) {
  const [isDone, setDone] = useState(false);
  const copy = async () => {
    await copyText(typeof text === "string" ? text : text(), what);
    setDone(true);
    setTimeout(() => setDone(false), SHOWN_MS);
  };
  return (
    <Button look="plain" size="small" onClick={copy} aria-label={`Copy ${what}`} title={`Copy ${what}`}>
      {isDone ? <Check size={14} aria-hidden /> : <Copy size={14} aria-hidden />}
    </Button>
  );
}
