import assert from "node:assert/strict";
import { test } from "node:test";
import { ownerOf } from "./owner.ts";
import { readRuleset } from "./read-ruleset.ts";
import { rulesOf } from "./ruleset.ts";

/** The owner of the only rule that `iptables-save` shows. */
function ownerOfSaved(table: string, chain: string, words: string): string | undefined {
  const saved = { "iptables-legacy": `*${table}\n:${chain} - [0:0]\n[0:0] -A ${chain} ${words}\nCOMMIT\n` };
  const [rule] = rulesOf(readRuleset({ nft: [], nftTexts: new Map(), elements: new Map(), saved }));
  assert.ok(rule !== undefined);
  return ownerOf(rule)?.name;
}

function ownerOfNft(table: string, chain: string, comment?: string): string | undefined {
  const rule = {
    family: "inet",
    table,
    chain,
    handle: 2,
    expr: [{ accept: null }],
    ...(comment === undefined ? {} : { comment }),
  };
  const nft = [{ chain: { family: "inet", table, name: chain, handle: 1 } }, { rule }];
  const [read] = rulesOf(readRuleset({ nft, nftTexts: new Map(), elements: new Map(), saved: {} }));
  assert.ok(read !== undefined);
  return ownerOf(read)?.name;
}

test("rules of iptables are known by chain, jump, comment or interface", () => {
  for (const [table, chain, words, owner] of [
    ["nat", "DOCKER", "-i docker0 -j RETURN", "Docker"],
    ["filter", "DOCKER-ISOLATION-STAGE-2", "-o docker0 -j DROP", "Docker"],
    ["filter", "FORWARD", "-j DOCKER-USER", "Docker"],
    ["nat", "POSTROUTING", "-s 172.17.0.0/16 ! -o docker0 -j MASQUERADE", "Docker"],
    ["nat", "POSTROUTING", "-s 172.18.0.0/16 ! -o br-0123456789ab -j MASQUERADE", "Docker"],
    ["nat", "POSTROUTING", "-s 10.0.0.0/8 ! -o br-lan -j MASQUERADE", undefined],
    ["nat", "KUBE-SVC-ABC", "-j KUBE-SEP-DEF", "kube-proxy"],
    ["nat", "POSTROUTING", '-m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING', "kube-proxy"],
    ["filter", "cali-FORWARD", "-j MARK --set-xmark 0x0/0xe0000", "Calico"],
    ["filter", "CILIUM_FORWARD", "-o cilium_host -j ACCEPT", "Cilium"],
    ["filter", "ufw-user-input", "-p tcp -m tcp --dport 22 -j ACCEPT", "ufw"],
    ["filter", "INPUT", "-j ufw-before-input", "ufw"],
    ["filter", "LIBVIRT_FWI", "-o virbr0 -j REJECT", "libvirt"],
    ["filter", "f2b-sshd", "-s 198.51.100.1/32 -j REJECT", "fail2ban"],
    ["filter", "NETAVARK_FORWARD", "-d 10.88.0.0/16 -j ACCEPT", "Podman"],
    ["filter", "ts-forward", "-o tailscale0 -j ACCEPT", "Tailscale"],
    [
      "nat",
      "POSTROUTING",
      '-s 10.1.1.0/24 -m comment --comment "generated for Incus network incusbr0" -j MASQUERADE',
      "LXD or Incus",
    ],
    ["filter", "IN_public_allow", "-p tcp -m tcp --dport 22 -j ACCEPT", "firewalld"],
    ["filter", "FORWARD", "-s 10.0.0.0/8 -j ACCEPT", undefined],
  ] as const) {
    assert.equal(ownerOfSaved(table, chain, words), owner, `${chain} ${words}`);
  }
});

test("rules of nft are known by table, chain or comment", () => {
  for (const [table, chain, comment, owner] of [
    ["meganat", "forward", undefined, "MegaNAT"],
    ["meganat_fastpath", "forward", undefined, "MegaNAT"],
    ["docker-bridges", "filter-FORWARD", undefined, "Docker"],
    ["kube-proxy", "services", undefined, "kube-proxy"],
    ["firewalld", "filter_FORWARD", undefined, "firewalld"],
    ["libvirt_network", "forward", undefined, "libvirt"],
    ["f2b-table", "f2b-chain", undefined, "fail2ban"],
    ["netavark", "NETAVARK-FORWARD", undefined, "Podman"],
    ["incus", "fwd.incusbr0", undefined, "LXD or Incus"],
    ["filter", "forward", "cali:abc", "Calico"],
    ["filter", "forward", "my own", undefined],
  ] as const) {
    assert.equal(ownerOfNft(table, chain, comment), owner, `${table} ${chain}`);
  }
});
