import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { spawnInNamespace, type NamespaceName } from "../kernel/namespace.ts";
import { loaderWords, ownModule } from "../kernel/own-module.ts";
import { LabError } from "./error.ts";

/** A process started in a namespace. */
export type ChildProcess = ReturnType<typeof spawnInNamespace>;

/** Programs of the lab that run as processes of their own: modules of this folder, without their ending. */
export type LabProgram = "reaper-main" | "services/streams-main" | "services/datagrams-main" | "client/client-main";

/** The lab's own programs write this to file descriptor 3 once they do their work, or an error's words instead. */
export const READY = "ready";

/**
 * Starts one of the lab's own programs in a namespace, in a session of its own so that a Ctrl-C at the terminal does
 * not reach it, and waits until it says that it is ready.
 */
export async function startLabProgram(
  namespace: NamespaceName,
  program: LabProgram,
  argument: unknown,
  io: { readonly stdin: "pipe" | "ignore"; readonly stdout: "pipe" | "ignore" },
): Promise<ChildProcess> {
  const base = import.meta.url;
  const words = [...loaderWords(base), fileURLToPath(ownModule(`./${program}`, base)), JSON.stringify(argument)];
  // Never our own stderr: whoever reads it would wait for the end of the reaper too.
  const child = spawnInNamespace(namespace, process.execPath, words, {
    detached: true,
    stdio: [io.stdin, io.stdout, "ignore", "pipe"],
  });
  child.unref();
  const answer = await readinessOf(child);
  if (answer !== READY) {
    child.kill("SIGKILL");
    throw new LabError(
      "lab-program-failed",
      `cannot start the lab's ${program.replace(/-main$/, "")}: ${answer}`,
      "see the words above; `meganat lab list` shows what is still there, `meganat lab down` removes it",
    );
  }
  return child;
}

function readinessOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    const pipe = child.stdio[3] as Readable;
    let words = "";
    pipe.setEncoding("utf8");
    pipe.on("data", (text: string) => {
      words += text;
    });
    pipe.on("close", () => {
      resolve(words.trim() === "" ? "it ended without a word" : words.trim());
    });
    child.on("error", (error) => {
      resolve(error.message);
    });
  });
}
