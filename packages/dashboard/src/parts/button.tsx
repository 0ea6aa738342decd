/** Buttons, and links that look like them. */
import type { ComponentProps } from "react";

interface Look {
  readonly look?: "main" | "danger" | "plain" | undefined;
  readonly size?: "small";
}

export function Button({ look, size, className = "", ...rest }: Look & ComponentProps<"button">) {
  return <button type="button" className={`button ${className}`} data-look={look} data-size={size} {...rest} />;
}
