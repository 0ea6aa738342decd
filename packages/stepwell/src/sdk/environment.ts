/** Variables of the host's environment: Node, Bun and Deno have one, most edge hosts do not. */
interface Host {
  readonly process?: { readonly env?: Readonly<Record<string, string | undefined>> };
  readonly Deno?: { readonly env?: { get(name: string): string | undefined } };
}

/** A variable by its name without prefix; empty counts as not set. */
export function env(name: string): string | undefined {
  return variable(`STEPWELL_${name}`) ?? variable(`INNGEST_${name}`);
}

/** A variable by its whole name. */
export function variable(name: string): string | undefined {
  const host = globalThis as Host;
  const value = host.process?.env?.[name] ?? denoVariable(host, name);
  return value === undefined || value === "" ? undefined : value;
}

function denoVariable(host: Host, name: string): string | undefined {
  try {
    return host.Deno?.env?.get(name);
  } catch {
    return undefined; // No permission to read the environment: the same as not set.
  }
}
