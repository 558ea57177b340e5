// A reporter for node:test that prints what needs reading: failures in full, skips with their reason, one closing line.
import { appendFileSync } from "node:fs";
import { relative } from "node:path";

/** Turns the runner's events into text. */
export default async function* report(events) {
  let passed = 0;
  const failures = [];
  const skips = [];
  for await (const event of events) {
    if (event.type === "test:stderr" || event.type === "test:stdout") {
      yield event.data.message;
    } else if (event.type === "test:pass" || event.type === "test:fail") {
      const { name, nesting, file, skip, todo, details } = event.data;
      const isSuite = details.type === "suite";
      const where = file === undefined ? name : `${relative(process.cwd(), file)}: ${name}`;
      if (skip !== undefined) {
        skips.push({ where, reason: typeof skip === "string" && skip !== "" ? skip : "no reason given" });
      } else if (event.type === "test:fail" && todo === undefined) {
        const error = details.error;
        // A parent fails because a child did; the child has been told already.
        if (error?.failureType === "subtestsFailed") continue;
        failures.push(where);
        // scripts/test.sh runs them again by themselves.
        if (process.env.MEGANAT_TEST_FAILED) appendFileSync(process.env.MEGANAT_TEST_FAILED, `${file}\n`);
        yield `\nFAILED ${where}\n${indent(text(error))}\n`;
      } else if (!isSuite && !(nesting === 0 && name === file)) {
        passed += 1;
      }
    }
  }
  for (const skip of skips) yield `skipped ${skip.where}: ${skip.reason}\n`;
  const total = `${passed} passed, ${failures.length} failed, ${skips.length} skipped\n`;
  // scripts/test.sh adds the totals of its steps up.
  const totals = process.env.MEGANAT_TEST_TOTALS;
  if (totals) appendFileSync(totals, total);
  yield total;
}

function text(error) {
  // A test's file fails as a whole when its program ends otherwise than well, or is ended.
  if (
    error?.failureType === "testCodeFailure" &&
    (typeof error.exitCode === "number" || typeof error.signal === "string")
  ) {
    return `its program ended with status ${error.exitCode ?? "none"}${error.signal ? `, by signal ${error.signal}` : ""}`;
  }
  const cause = error?.cause ?? error;
  return typeof cause === "object" && cause !== null ? (cause.stack ?? cause.message ?? String(cause)) : String(cause);
}

function indent(lines) {
  return lines
    .split("\n")
    .map((line) => `  ${line}`)
    .join("\n");
}
