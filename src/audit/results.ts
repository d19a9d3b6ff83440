/** Where results of the scanning threads go while a volume is scanned. */
import { type FileResult, mergedHits } from './file-scan.ts';
import type { ScanReply } from './job.ts';

export class Results {
  readonly #byFile = new Map<number, FileResult[]>();
  /** Of files that say nothing else. */
  #unpackedBytes = 0;

  take({ results, unpackedBytes }: ScanReply): void {
    this.#unpackedBytes += unpackedBytes;
    for (const { file, result } of results) {
      const there = this.#byFile.get(file);
      if (there === undefined) this.#byFile.set(file, [result]);
      else there.push(result);
    }
  }

  of(file: number): FileResult | undefined {
    const parts = this.#byFile.get(file);
    if (parts === undefined) return undefined;
    return {
      hits: mergedHits(parts.map((p) => p.hits)),
      skips: parts.flatMap((p) => p.skips),
      unpackedBytes: parts.reduce((n, p) => n + p.unpackedBytes, 0),
    };
  }

  forget(file: number): void {
    this.#byFile.delete(file);
  }

  unpackedBytes(): number {
    let bytes = this.#unpackedBytes;
    for (const parts of this.#byFile.values()) for (const part of parts) bytes += part.unpackedBytes;
    return bytes;
  }

  clear(): void {
    this.#byFile.clear();
    this.#unpackedBytes = 0;
  }
}
