import { parentPort } from "node:worker_threads";
import { threadSetup } from "../kernel/thread.ts";
import type { SensorSetup } from "./sensor-thread.ts";
import { Sensors } from "./sensors.ts";

const { namespace, interval } = threadSetup() as SensorSetup;
const sensors = new Sensors(namespace, (seen) => parentPort?.postMessage(seen, []));
sensors.tick();
setInterval(() => sensors.tick(), 1000 * interval);
// After the first counters are on their way: these take longer.
setTimeout(() => sensors.startProbes(), 1000 * interval + 50);
