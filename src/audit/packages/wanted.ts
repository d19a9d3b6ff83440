/** Which paths somebody asks about, and what package databases say of them. */
export interface Digest {
  readonly algorithm: string;
  readonly digest: string;
}

/** Collects what databases say of the paths that are wanted, and of no others. */
export class Wanted {
  readonly #paths: ReadonlySet<string>;
  readonly said = new Map<string, Digest[]>();

  constructor(paths: Iterable<string>) {
    this.#paths = new Set(paths);
  }

  /** On merged systems `/lib` is a link to `/usr/lib`, and databases name either. */
  say(path: string, digest: Digest): void {
    for (const name of [path, `/usr${path}`]) {
      if (!this.#paths.has(name)) continue;
      const there = this.said.get(name);
      if (there === undefined) this.said.set(name, [digest]);
      else there.push(digest);
    }
  }
}
