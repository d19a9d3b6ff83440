/**
 * Records of the command log: `length (4) | CRC-32 (4) | sealed v8-serialized value`. A crash may tear the last one,
 * which was never acknowledged; damage before that is refused, never skipped.
 */
import { deserialize, serialize } from 'node:v8';
import { crc32 } from 'node:zlib';
import type { Seal } from './seal.ts';

const HEAD_BYTES = 8;
const RECORD_BYTES_MAX = 64 * 1024 * 1024;

export function encodeRecord(seal: Seal, value: unknown): Uint8Array {
  const body = Buffer.concat([...seal.close(serialize(value))]);
  const record = Buffer.allocUnsafe(HEAD_BYTES + body.length);
  record.writeUInt32LE(body.length, 0);
  record.writeUInt32LE(crc32(body), 4);
  body.copy(record, HEAD_BYTES);
  return record;
}

export interface RecordsRead {
  readonly values: readonly unknown[];
  /** Bytes up to the last whole record. */
  readonly wholeBytes: number;
  /** Offset of a damaged record that has others behind it. */
  readonly damagedAt: number | undefined;
}

/** @throws Error when a whole record was sealed with another key */
export function readRecords(seal: Seal, log: Buffer): RecordsRead {
  const values: unknown[] = [];
  let at = 0;
  while (at < log.length) {
    const next = recordAt(log, at);
    if (next === undefined) {
      const last = endOf(log, at) >= log.length;
      return { values, wholeBytes: at, damagedAt: last ? undefined : at };
    }
    values.push(deserialize(seal.open(next)));
    at += HEAD_BYTES + next.length;
  }
  return { values, wholeBytes: at, damagedAt: undefined };
}

/** Where the record at `at` says it ends; the end of the file when even its head is torn. */
function endOf(log: Buffer, at: number): number {
  if (log.length - at < HEAD_BYTES) return log.length;
  const length = log.readUInt32LE(at);
  // A length that no record has: torn pages may hold zeros or anything.
  return length === 0 || length > RECORD_BYTES_MAX ? log.length : at + HEAD_BYTES + length;
}

function recordAt(log: Buffer, at: number): Buffer | undefined {
  const end = endOf(log, at);
  if (log.length - at < HEAD_BYTES || end > log.length || end - at <= HEAD_BYTES) return undefined;
  const body = log.subarray(at + HEAD_BYTES, end);
  return crc32(body) === log.readUInt32LE(at + 4) ? body : undefined;
}
