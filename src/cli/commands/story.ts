import { command } from "../command.ts";
import { parseCount } from "../whole-number.ts";

interface Flags {
  readonly runs?: number;
  readonly requests?: number;
  readonly connections?: number;
}

const RUNS = 3;
const REQUESTS = 20_000;
const CONNECTIONS = 1000;
/** The listen queue of the web server. */
const MOST_CONNECTIONS = 4000;

/** Replays the article that MegaNAT began with. */
export const story = command<Flags, []>({
  brief: "Replay a full connection table behind Docker's NAT: ab fails, the doctor names it, ab is quick again",
  description: [
    "Builds a Docker host in network namespaces (bridge docker0, a container, Docker's iptables rules), asks its web",
    "server by `ab` without NAT, then through NAT with a connection table of 1,000, until ab gives up. Meanwhile it",
    "counts what the kernel drops and where, samples the call graph, reads the counters and the kernel's log, and asks",
    "`meganat doctor`. It applies the doctor's fix, and measures both ways in turns. Needs ab (apache2-utils), iptables",
    "and root on the host. The limit is one for the whole host: it is lowered for about 15 seconds and put back",
    "whatever happens; where others need it, the table is filled instead until as little room is left.",
  ].join("\n"),
  examples: [
    ["meganat story", "the whole story, in about a minute"],
    ["meganat story --runs 5 --json", "more runs, for programs"],
    ["meganat story --requests 5000 --connections 500 --runs 1", "the short version"],
  ],
  json: [
    ["direct", "without NAT: { requestsPerSecond (median), runs, failed }"],
    [
      "broken",
      "through NAT, table full: { requestsPerSecond, completed, requested, seconds, failure, attempts, table }",
    ],
    ["fixed", "through NAT after the fix, as `direct`"],
    ["ratios", "{ fixedVsDirect, brokenVsDirect }"],
    ["article", "its figures: { direct, broken, fixed }"],
    ["drops", "what the kernel dropped while the table was full, as `meganat drops` gives it"],
    ["conntrack", "by how much drop, earlyDrop, insertFailed, invalid and chainTooLong went up meanwhile"],
    ["log", "the kernel's messages about it"],
    ["callers", "who called nf_hook_slow meanwhile: [name, samples]"],
    ["verdict", "the doctor's: `losing-packets`, `degraded` or `healthy`"],
    ["finding", "the doctor's, as `meganat doctor` gives it; null if it did not find the cause"],
    ["findings", "ids of all that the doctor found"],
    ["fix", "{ commands: the doctor's, set: settings as they were then }"],
    ["natShare", "share of NAT in the busy time of the CPUs after the fix, 0 to 1; absent where it cannot be seen"],
    ["limits", "what could not be seen, in words"],
    ["lab", "the lab's name; it is gone again"],
    ["seconds", "from start to end"],
    ["ok", "true if it failed as in the article, the cause was found, and no request failed after the fix"],
  ],
  parameters: {
    flags: {
      runs: {
        kind: "parsed",
        brief: `Runs to take the median of; default ${RUNS}`,
        placeholder: "number",
        parse: (text) => parseCount(text, 1, 100),
        optional: true,
      },
      requests: {
        kind: "parsed",
        brief: `Requests of a run, as in 20000 or 20k; default ${REQUESTS}`,
        placeholder: "count",
        parse: (text) => parseCount(text, 100, 10_000_000),
        optional: true,
      },
      connections: {
        kind: "parsed",
        brief: `Connections at a time; default ${CONNECTIONS}`,
        placeholder: "count",
        parse: (text) => parseCount(text, 10, MOST_CONNECTIONS),
        optional: true,
      },
    },
  },
  run: async ({ output }, flags) => {
    const [{ playStory }, { resultText, stepLines }, { storyJson }] = await Promise.all([
      import("../../lab/story/story.ts"),
      import("../story-text.ts"),
      import("../story-json.ts"),
    ]);
    const ending = new AbortController();
    const end = (): void => ending.abort();
    process.once("SIGINT", end).once("SIGTERM", end);
    const connections = flags.connections ?? CONNECTIONS;
    try {
      const result = await playStory({
        connections,
        requests: Math.max(connections, flags.requests ?? REQUESTS),
        runs: flags.runs ?? RUNS,
        onStep: (step) => {
          for (const line of stepLines(output, step)) output.say(line);
        },
        onProgress: output.progress,
        signal: ending.signal,
      });
      return { json: storyJson(result), text: resultText(output, result), status: result.ok ? 0 : 1 };
    } finally {
      process.off("SIGINT", end).off("SIGTERM", end);
    }
  },
});
