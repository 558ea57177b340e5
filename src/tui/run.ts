import type { ReadStream } from "node:tty";
import { setTimeout as sleep } from "node:timers/promises";
import { FIRST_CONTROLS, press, type Controls } from "./controls.ts";
import { frameOf, surfaceOf } from "./frame.ts";
import type { Key } from "./keys.ts";
import { viewOf, type Observation } from "./model.ts";
import { inColor, painted, plain } from "./screen.ts";
import { startSensors } from "./sensor-thread.ts";
import { Sensors } from "./sensors.ts";
import { Terminal, type TerminalOutput } from "./terminal.ts";
import type { TopView } from "./view.ts";
import { TopWatch, type WatchSetup } from "./watch.ts";

/** Subscribers one can scroll through; a filter finds the others. */
const SUBSCRIBERS = 500;

/** What the full-screen view needs. */
export interface TopOptions extends Omit<WatchSetup, "rows"> {
  readonly input: ReadStream;
  readonly output: TerminalOutput;
  readonly color: boolean;
}

/** Shows the live view until somebody quits it, a signal ends it or the terminal goes; rejects with what went wrong. */
export async function runTop(options: TopOptions): Promise<void> {
  const watch = new TopWatch({ ...options, rows: SUBSCRIBERS });
  const paint = options.color ? inColor : plain;
  let controls: Controls = { ...FIRST_CONTROLS, ...options.question };
  let frozen: TopView | undefined;
  const view = (): TopView => frozen ?? viewOf(watch.model, performance.now());
  let timer: NodeJS.Timeout | undefined;
  let stopSensors: (() => Promise<void>) | undefined;
  let screen: Terminal | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      const guarded = (run: () => void): (() => void) => {
        return () => {
          try {
            run();
          } catch (error) {
            reject(error instanceof Error ? error : new Error(String(error)));
          }
        };
      };
      const draw = (): void => {
        const lines = frameOf(view(), controls, terminal.size);
        terminal.draw(lines.map((line) => painted(line, paint)));
      };
      const take = (key: Key): void => {
        const before = controls;
        const pressed = press(before, key, surfaceOf(view(), before, terminal.size));
        if (pressed === "quit") return resolve();
        if (pressed === "suspend") return terminal.suspend();
        if (pressed === "redraw") {
          terminal.forget();
          return draw();
        }
        controls = pressed;
        if (pressed.paused !== before.paused) frozen = pressed.paused ? view() : undefined;
        follow(watch, before, pressed, () => {
          // Whoever asks for something else while it stands still wants to see that.
          if (frozen !== undefined) frozen = viewOf(watch.model, performance.now());
          guarded(draw)();
        });
        draw();
      };
      const terminal = new Terminal(options.input, options.output, {
        key: (key) => guarded(() => take(key))(),
        anew: guarded(draw),
        end: resolve,
      });
      screen = terminal;
      timer = setInterval(guarded(draw), 1000 * options.interval);
      const seen = (observation: Observation): void => {
        watch.see(observation);
        if (observation.kind === "counters" && watch.model.counters.length === 1) guarded(draw)();
      };
      stopSensors = startSensors({ namespace: options.namespace, interval: options.interval }, seen, reject);
      guarded(draw)();
      void watch.surveyOn();
    });
  } finally {
    clearInterval(timer);
    screen?.close();
    await stopSensors?.();
    await watch.close();
  }
}

/** Asks for what the keys changed; `then` when it is there. */
function follow(watch: TopWatch, before: Controls, now: Controls, then: () => void): void {
  if (now.order !== before.order || now.filter !== before.filter) {
    void watch.ask({ order: now.order, filter: now.filter }).then(then);
  }
  if (now.subscriber !== before.subscriber) void watch.lookInto(now.subscriber).then(then);
}

/** One frame's worth of figures: rates are over the interval. */
export async function takeView(setup: WatchSetup): Promise<TopView> {
  const watch = new TopWatch(setup);
  const sensors = new Sensors(setup.namespace, (seen) => watch.see(seen));
  try {
    sensors.startProbes();
    sensors.tick();
    await watch.survey();
    await sleep(1000 * setup.interval);
    await watch.survey();
    sensors.tick(true);
    return viewOf(watch.model, performance.now());
  } finally {
    sensors.close();
    await watch.close();
  }
}
