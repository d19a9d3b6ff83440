/** Source: https://docs.aws.amazon.com/ebs/latest/APIReference/API_GetSnapshotBlock.html; facts EBSD-1, EBSD-3. */
import { operation } from '../../operation.ts';
import type { Ebs } from '../../wire/shapes.ts';
import { blockBytes } from '../../world/base-disk.ts';
import { BLOCK_BYTES } from '../../world/disk.ts';
import { ebsDemand, invalid, openBlockToken, readableSnapshot, useSnapshotKey } from './reading.ts';

type Block = Omit<Ebs.GetSnapshotBlockResponse, 'BlockData'> & { readonly BlockData: Uint8Array };

export const getSnapshotBlock = operation<Ebs.GetSnapshotBlockRequest, Block>('ebs.GetSnapshotBlock', {
  accepts: ['BlockIndex', 'BlockToken', 'SnapshotId'],
  demands: (call) => [ebsDemand(call, call.place, 'GetSnapshotBlock', call.input.SnapshotId)],
  apply(call) {
    const { input } = call;
    const snapshot = readableSnapshot(call, input.SnapshotId);
    const hash = openBlockToken(input.BlockToken, snapshot, input.BlockIndex ?? -1, call.nowMs);
    useSnapshotKey(call, snapshot, ['Decrypt']);
    const bytes = blockBytes(call.world, hash);
    if (!bytes) throw invalid('INVALID_BLOCK', `Block ${input.BlockIndex} cannot be read.`);
    return {
      DataLength: BLOCK_BYTES,
      BlockData: bytes,
      // EBSD-7: the checksum is over the plaintext.
      Checksum: Buffer.from(hash, 'hex').toString('base64'),
      ChecksumAlgorithm: 'SHA256',
    };
  },
});
