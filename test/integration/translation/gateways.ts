import type { ReachedBy } from "../../../src/config/gateway.ts";

/** Port blocks, an exception, an untranslated network, forwards of each kind, 1:1; the pool reached in one of three ways. */
export function blocksGateway(reachedBy: ReachedBy): string {
  return `
version: 1
name: blocks
links:
  wan: { interface: wan0, addresses: [61.138.177.2/27], gateway: 61.138.177.1 }
  lan: { interface: lan0, addresses: [10.10.0.1/16] }
pools:
  public: { addresses: 61.138.177.3-61.138.177.6, ports: 1024-65535, reached-by: ${reachedBy} }
source-nat:
  - name: campus
    from: 10.10.1.0/24
    except: 10.10.1.200
    untranslated-to: 192.0.2.0/24
    to: public
    ports: { per-subscriber: 128 }
  - { name: special, from: 10.10.1.200, to: 61.138.177.20 }
port-forwards:
  - { name: portal, listen: 61.138.177.3:8080/tcp, to: 10.10.0.2:80 }
  - { name: shifted, listen: 61.138.177.4:20000-20003/udp, to: 10.10.0.7:30000-30003 }
  - { name: games, listen: 61.138.177.5:21000-21010/tcp+udp, to: 10.10.0.8 }
static-nat:
  - { public: 61.138.177.10, private: 10.10.0.4, reached-by: ${reachedBy} }
capacity: { subscribers: 256, connections-per-subscriber: 100 }
`;
}

/** All subscribers share all ports of a pool. */
export const SHARED_POOL = `
version: 1
name: shared
links:
  wan: { interface: wan0, addresses: [198.51.100.2/24], gateway: 198.51.100.1 }
  lan: { interface: lan0, addresses: [192.168.0.1/24] }
pools:
  public: { addresses: 198.51.100.8-198.51.100.11, ports: 20000-40000 }
source-nat:
  - { name: office, from: 192.168.0.0/24, to: public, ports: { selection: random } }
port-forwards:
  - { name: web, listen: 198.51.100.8:443/tcp, to: 192.168.0.80:80 }
capacity: { subscribers: 250, connections-per-subscriber: 100 }
`;

/** Whatever address the outside link has. */
export const MASQUERADE = `
version: 1
name: home
links:
  wan: { interface: wan0, addresses: [198.51.100.2/24], gateway: 198.51.100.1 }
  lan: { interface: lan0, addresses: [192.168.0.1/24] }
source-nat:
  - { name: home, from: 192.168.0.0/24, to: masquerade }
port-forwards:
  - { name: web, listen: 198.51.100.2:8080/tcp, to: 192.168.0.80:80 }
capacity: { subscribers: 20, connections-per-subscriber: 100 }
`;

/** Both sites use 192.168.1.0/24. */
export const TWICE_NAT = `
version: 1
name: merger
links:
  lan: { interface: lan0, addresses: [192.168.1.1/24] }
  vpn: { interface: vpn0, addresses: [172.16.0.1/30] }
twice-nat:
  - name: branch
    inside: { link: lan, hosts: 192.168.1.0/24, seen-as: 10.1.1.0/24 }
    outside: { link: vpn, hosts: 192.168.1.0/24, seen-as: 10.2.2.0/24, via: 172.16.0.2 }
capacity: { subscribers: 250, connections-per-subscriber: 100 }
`;
