/** Connecting an app by its address. */
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { syncApp } from "../../api/apps.ts";
import { Confirm } from "../../parts/confirm.tsx";
import { tellDone } from "../../parts/toast.tsx";

interface AddAppProps {
  readonly start: string;
  readonly onClose: () => void;
}

const EXAMPLE = "http://localhost:3000/api/stepwell";

export function AddAppDialog({ start, onClose }: AddAppProps) {
  const [url, setUrl] = useState(start === "" ? EXAMPLE : start);
  const client = useQueryClient();
  const add = async () => {
    const { app, modified } = await syncApp(url.trim());
    tellDone(`${app ?? "The app"} is connected${modified ? "." : "; nothing has changed."}`);
    await Promise.all([
      client.invalidateQueries({ queryKey: ["apps"] }),
      client.invalidateQueries({ queryKey: ["functions"] }),
    ]);
  };
  return (
    <Confirm
      title="Add an app"
      verb="Connect"
      isReady={/^https?:\/\/\S+$/.test(url.trim())}
      act={add}
      onClose={onClose}
    >
      <label className="field">
        <span>Address where it serves its functions</span>
        <input
          className="input"
          type="url"
          value={url}
          placeholder={EXAMPLE}
          // biome-ignore lint/a11y/noAutofocus: the dialog was opened to write here.
          autoFocus
          onChange={(event) => setUrl(event.target.value)}
        />
      </label>
      <p className="soft small">
        The server asks this address for its functions, as the app would tell them itself. It has to be reachable from
        the server, not from this browser.
      </p>
    </Confirm>
  );
}
