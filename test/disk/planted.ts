/** A simulator with a snapshot of known blocks, and amiport's own connection to it. */
import { Connection } from '../../src/aws/connection.ts';
import { openSnapshot, type SnapshotOptions } from '../../src/aws/snapshot-blocks.ts';
import type { BlockSource } from '../../src/base/block-source.ts';
import type { Outcome } from '../../src/base/outcome.ts';
import { seededRandom } from '../../src/base/ports.ts';
import { importDisk } from '../../src/sim/ec2/disk-import.ts';
import { BUILDER, plantImage } from '../../src/sim/ec2/testing.ts';
import { Faults } from '../../src/sim/faults/gate.ts';
import type { FaultRule } from '../../src/sim/faults/rules.ts';
import { simForTests, type TestSim } from '../../src/sim/testing.ts';
import { defaultWorld } from '../../src/sim/world/default-world.ts';
import type { Snapshot } from '../../src/sim/world/ec2.ts';

export function simWith(faults: readonly FaultRule[] = []): TestSim {
  const world = defaultWorld();
  const concern = { world: () => world, program: { operations: [], tasks: [] } };
  return simForTests({ world, gates: [new Faults(concern, faults, 1).gate] });
}

export function plantDisk(
  sim: TestSim,
  chunks: Iterable<Uint8Array>,
  more: Partial<Snapshot> = {},
  kmsKeyId?: string,
): string {
  const snapshot = { disk: importDisk(sim.world, chunks), ...more };
  return plantImage(sim, BUILDER, { snapshot, ...(kmsKeyId === undefined ? {} : { kmsKeyId }) }).snapshotId;
}

/** @param handler between the SDK and the simulator; default: nothing */
export function connectionTo(
  sim: TestSim,
  account: string,
  handler: (inner: object) => object = (inner) => inner,
): Connection {
  let inner: object = {};
  sim.client(
    class {
      constructor({ requestHandler }: { requestHandler: object }) {
        inner = requestHandler;
      }
    },
    { account },
  );
  return new Connection({
    requestHandler: handler(inner),
    credentials: { accessKeyId: account, secretAccessKey: sim.world.accounts.get(account)?.secret ?? 'test' },
    roleFor: () => undefined,
    homeRegion: 'us-east-1',
    // Waiting moves the simulated time on, and nothing else does.
    clock: { nowMs: () => sim.clock.nowMs(), sleep: async (ms) => sim.advance(ms) },
    random: seededRandom(1),
    sessionName: 'test',
  });
}

export const open = (
  connection: Connection,
  account: string,
  snapshotId: string,
  options: SnapshotOptions = {},
): Promise<Outcome<BlockSource>> => openSnapshot(connection, { account, region: BUILDER.region, snapshotId }, options);
