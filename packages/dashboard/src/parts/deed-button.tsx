/**
 * A button for what not everybody may do. Where the server would refuse, it stays to be seen and reached, and its title says
 * why; pressed, it says the same, since a finger sees no title.
 */
import type { ComponentProps } from "react";
import { type Deed, useRefusal } from "../api/deeds.ts";
import { Button } from "./button.tsx";
import { tellRefusal } from "./toast.tsx";

export function DeedButton({ deed, ...rest }: { readonly deed: Deed } & ComponentProps<typeof Button>) {
  const refusal = useRefusal()(deed);
  if (refusal === null) return <Button {...rest} />;
  return <Button {...rest} aria-disabled title={refusal} onClick={() => tellRefusal(refusal)} />;
}
