/** A file or symbolic link that makes the gateway come up at boot. */
export interface BootFile {
  /** Absolute, in the system that will start; `--root` is put in front of it. */
  readonly path: string;
  readonly content: { readonly text: string; readonly executable?: true } | { readonly linkTo: string };
  /** Why it is there, as a sentence part without a full stop. */
  readonly reason: string;
}

/** The system that will start the gateway, as far as files for it depend on it. */
export interface BootSystem {
  readonly init: "systemd" | "openrc";
  /** Node.js in that system, absolute. */
  readonly node: string;
  /** The command `bin/meganat` in that system, absolute. */
  readonly command: string;
  /** The program nft in that system, absolute. */
  readonly nft: string;
}

/** Where the installed gateway file is: what is applied at boot. */
export const INSTALLED_GATEWAY = "/etc/meganat/gateway.yaml";

/** The rules as nft text, for before the network comes up. */
export const INSTALLED_RULESET = "/etc/meganat/ruleset.nft";
