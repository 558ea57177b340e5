/** What an IPv4 header says besides addresses and ports, and the flags of TCP. */
export interface HeaderFields {
  readonly ttl: number;
  readonly dontFragment: boolean;
  /** Of a first fragment or a whole packet; as nft(8) names them. */
  readonly tcpFlags?: readonly string[];
}

const TCP = 6;
/** Bit 0 first. */
const FLAGS = ["fin", "syn", "rst", "psh", "ack", "urg", "ecn", "cwr"];

/** Reads them from the network header on; undefined if the bytes hold none. */
export function headerFields(bytes: Buffer): HeaderFields | undefined {
  const first = bytes[0] ?? 0;
  const length = (first & 15) * 4;
  if (bytes.length < 20 || first >> 4 !== 4 || length < 20) return undefined;
  const place = bytes.readUInt16BE(6);
  const hasFlags = bytes.readUInt8(9) === TCP && (place & 0x1fff) === 0 && bytes.length >= length + 14;
  return {
    ttl: bytes.readUInt8(8),
    dontFragment: (place & 0x4000) !== 0,
    ...(hasFlags ? { tcpFlags: FLAGS.filter((_, bit) => (bytes.readUInt8(length + 13) & (1 << bit)) !== 0) } : {}),
  };
}
