/** As much of `ext2fs` (libext2fs built for WASM) as the benchmark calls; the package comes without types. */
declare module 'ext2fs' {
  interface Files {
    readdir(path: string): Promise<string[]>;
    lstat(path: string): Promise<{ isDirectory(): boolean; isFile(): boolean }>;
    readFile(path: string): Promise<string>;
  }
  export function withMountedDisk<T>(
    disk: object,
    offset: number,
    use: (mounted: { readonly promises: Files }) => Promise<T>,
  ): Promise<T>;
}
