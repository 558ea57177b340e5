import { join } from "node:path";
import { readNamespaceIdentity } from "../kernel/namespace-identity.ts";
import { isHostNamespace, listNamespaces, type NamespaceName } from "../kernel/namespace.ts";

/** In /run, because what it describes does not outlive the kernel either. */
const DEFAULT_ROOT = "/run/meganat";

/** Where record, journal and lock of a namespace are: `host`, or `netns-` and its name. */
export function recordDirectory(namespace: NamespaceName, root?: string): string {
  return join(root ?? process.env["MEGANAT_STATE_DIRECTORY"] ?? DEFAULT_ROOT, directoryName(namespace));
}

function directoryName(namespace: NamespaceName): string {
  if (namespace !== undefined) return `netns-${namespace}`;
  if (isHostNamespace(undefined)) return "host";
  // Inside `ip netns exec NAME` it is the same namespace as from outside with its name.
  const here = readNamespaceIdentity(undefined).namespace;
  const name = listNamespaces().find((candidate) => identityOf(candidate) === here);
  return name === undefined ? `unnamed-${here.replaceAll(":", "-")}` : `netns-${name}`;
}

/** Undefined for a name whose namespace is gone or not ours to enter. */
function identityOf(name: string): string | undefined {
  try {
    return readNamespaceIdentity(name).namespace;
  } catch {
    return undefined;
  }
}
