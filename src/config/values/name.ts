import { Fault, quote } from "../fault.ts";

const MAX_NAME = 63;

/** Reads a name: it appears in rules and commands, so it is plain ASCII without spaces. */
export function readName(text: string): string | Fault {
  if (text.length > MAX_NAME) {
    return new Fault("bad-name", `the name ${quote(text)} has ${text.length} characters`, `use at most ${MAX_NAME}`);
  }
  if (/^[A-Za-z][A-Za-z0-9_.-]*$/.test(text)) return text;
  const fix = "begin with a letter, go on with letters, digits, dots, dashes and underscores";
  return new Fault("bad-name", `${quote(text)} cannot be a name`, fix);
}

/** Reads a pool's name: `masquerade` would be taken for the word. */
export function readPoolName(text: string): string | Fault {
  if (text !== "masquerade") return readName(text);
  return new Fault(
    "bad-name",
    '"masquerade" cannot be the name of a pool: `to: masquerade` means something else',
    "rename it",
  );
}

/** Reads the kernel's name of an interface. */
export function readInterface(text: string): string | Fault {
  if (text.length > 15) {
    const message = `${quote(text)} has ${text.length} characters; an interface name has at most 15`;
    return new Fault("bad-interface", message, "write the name as `ip link` shows it");
  }
  if (text === "lo" || text === "all" || text === "default" || text === "." || text === "..") {
    return new Fault(
      "bad-interface",
      `${quote(text)} is no interface packets cross`,
      "write a name as `ip link` shows it",
    );
  }
  // The kernel refuses less (dev_valid_name), but *, quotes and % mean something to nft and to the kernel's own naming.
  if (/^[A-Za-z0-9_.@+-]+$/.test(text)) return text;
  const fix =
    "use letters, digits and . _ - @ +; rename the interface with `ip link set OLD name NEW` if it has others";
  return new Fault("bad-interface", `${quote(text)} cannot be an interface name`, fix);
}
