/** An audit in a process of its own that is killed when half of the disk is read: `node killed-audit.ts FILE STATE-DIR KEEP-BYTES`. */
import { auditTarget, rawFileTarget } from '../../src/app/audit.ts';

const [file = '', stateDir = '', keep = ''] = process.argv.slice(2);
const asked = { threads: 2, beside: false, freeSpace: false, packages: false };
await auditTarget(await rawFileTarget(file), asked, {
  stateDir,
  policy: undefined,
  nowMs: () => Date.now(),
  keepEveryBytes: Number(keep),
  emit(event) {
    if (event.kind === 'audit' && event.doneBytes > event.totalBytes / 2) process.kill(process.pid, 'SIGKILL');
  },
});
