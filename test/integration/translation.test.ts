import assert from "node:assert/strict";
import { describe, it, before, after } from "node:test";
import type { Exchange } from "./translation/exchange.ts";
import { SETTINGS } from "./translation/settings.ts";
import { expectTranslated, leaks, openStage, perform, type Stage } from "./translation/stage.ts";

for (const { name, id, file, exchanges, iptables = [] } of SETTINGS) {
  describe(`translation: ${name}`, () => {
    let stage: Stage;
    before(async () => {
      stage = await openStage(file, `t${process.pid}-${id}`);
    });
    after(() => stage.close());

    describe("by our own table", () => {
      everyExchange(() => stage, exchanges);
    });
    for (const program of iptables) {
      describe(`by ${program}`, () => {
        before(() => stage.replaceRules(program));
        everyExchange(() => stage, exchanges);
      });
    }
  });
}

// Each exchange is proven three times: the client gets its answer, tcpdump sees the translated packet at the far end,
// and conntrack prints the entry.
function everyExchange(on: () => Stage, exchanges: readonly Exchange[]): void {
  for (const exchange of exchanges) {
    it(`${exchange.by}: ${exchange.what}`, async () => {
      const stage = on();
      await perform(stage.clients[exchange.by], exchange);

      await expectTranslated(stage, exchange);
    });
  }

  it("no inside address was seen outside but where the file says so", () => {
    assert.deepEqual(leaks(on()), []);
  });
}
