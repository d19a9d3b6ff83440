/** IPv4 and IPv6 addresses and CIDR ranges, for IpAddress conditions. */
export interface IpRange {
  readonly address: bigint;
  readonly bits: 32 | 128;
  readonly prefix: number;
}

export function parseIp(text: string): Pick<IpRange, 'address' | 'bits'> | undefined {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) {
    const octets = text.split('.').map(Number);
    if (octets.some((o) => o > 255)) return undefined;
    return { address: octets.reduce((sum, o) => sum * 256n + BigInt(o), 0n), bits: 32 };
  }
  if (!/^[0-9a-f:]+$/i.test(text) || !text.includes(':')) return undefined;
  const [head = '', tail] = text.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = 8 - left.length - right.length;
  if (text.split('::').length > 2 || gap < 0 || (tail === undefined && gap !== 0)) return undefined;
  const groups = [...left, ...Array.from({ length: gap }, () => '0'), ...right];
  if (groups.some((g) => !/^[0-9a-f]{1,4}$/i.test(g))) return undefined;
  return { address: groups.reduce((sum, g) => sum * 65_536n + BigInt(`0x${g}`), 0n), bits: 128 };
}

export function parseRange(text: string): IpRange | undefined {
  const [address = '', length] = text.split('/');
  const ip = parseIp(address);
  if (ip === undefined) return undefined;
  const prefix = length === undefined ? ip.bits : Number(length);
  return Number.isInteger(prefix) && prefix >= 0 && prefix <= ip.bits ? { ...ip, prefix } : undefined;
}

export function ipInRange(ip: Pick<IpRange, 'address' | 'bits'>, range: IpRange): boolean {
  if (ip.bits !== range.bits) return false;
  const shift = BigInt(range.bits - range.prefix);
  return ip.address >> shift === range.address >> shift;
}
