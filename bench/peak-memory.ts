/**
 * The most memory that this process ever held, in MiB. What the kernel says of a child as `maxRSS` begins with what its parent held
 * when it was made, so a large bench would tell of itself; the high-water mark of the process's own memory does not.
 */
import { readFileSync } from 'node:fs';

export function peakMiB(): number {
  try {
    const [, kib] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    if (kib !== undefined) return Number(kib) / 1024;
  } catch {
    // No Linux: said by the system call, as far as it goes.
  }
  return process.resourceUsage().maxRSS / 1024;
}
