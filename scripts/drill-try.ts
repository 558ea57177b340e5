import { loadFaults } from "../src/lab/drill/load-faults.ts";
import { runFault } from "../src/lab/drill/run-fault.ts";
import { loadModes } from "../src/observe/doctor.ts";
const only = process.argv[2];
const modes = await loadModes();
for (const fault of await loadFaults()) if (!only || fault.id === only) console.log(await runFault(fault, modes));
