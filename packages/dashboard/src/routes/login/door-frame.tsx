/** What stands before the door: the name of the house, and one form. */
import { Eye, EyeOff } from "lucide-react";
import { type ReactNode, useState } from "react";
import icon from "../../icon.svg";
import { Button } from "../../parts/button.tsx";

export function DoorFrame({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <main className="door">
      <section className="card door-card" aria-label={title}>
        <p className="brand">
          <img src={icon} alt="" />
          Stepwell
        </p>
        <h1>{title}</h1>
        {children}
      </section>
    </main>
  );
}

interface PasswordFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (text: string) => void;
  readonly autoComplete: "current-password" | "new-password";
}

export function PasswordField({ label, value, onChange, autoComplete }: PasswordFieldProps) {
  const [isShown, setShown] = useState(false);
  const Icon = isShown ? EyeOff : Eye;
  return (
    <div className="field password">
      <label>
        <span>{label}</span>
        <input
          className="input"
          type={isShown ? "text" : "password"}
          autoComplete={autoComplete}
          required
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      </label>
      <Button
        look="plain"
        size="small"
        aria-label={isShown ? `Hide the ${label.toLowerCase()}` : `Show the ${label.toLowerCase()}`}
        aria-pressed={isShown}
        onClick={() => setShown(!isShown)}
      >
        <Icon size={15} aria-hidden />
      </Button>
    </div>
  );
}
