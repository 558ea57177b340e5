import { testChanges } from "../fixtures/fast-path/changes.ts";

testChanges("xdp");
