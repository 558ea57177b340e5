/** The positional argument of commands that take a gateway file. */
export const FILE_PARAMETER = { brief: "The gateway file; - reads standard input", placeholder: "file", parse: String };

/** The flag of commands that may take a gateway file. */
export const CONFIG_FLAG = {
  kind: "parsed",
  brief: "The gateway file; - reads standard input",
  placeholder: "file",
  parse: String,
} as const;

/** The flag of commands that write files of a system. */
export const ROOT_FLAG = {
  kind: "parsed",
  brief: "The directory of the system to install to",
  placeholder: "dir",
  parse: String,
  default: "/",
} as const;
