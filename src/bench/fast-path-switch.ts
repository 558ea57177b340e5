/** Turns the fast path of a gateway on and off; given by the command, so that what is measured is what it turns on. */
export interface FastPathSwitch {
  /** `auto` chooses by itself. Gives what was chosen, in words. */
  on(namespace: string, path: "xdp" | "tc" | "auto"): Promise<string>;
  off(namespace: string): Promise<void>;
}
