/** As much of `ext2fs` (libext2fs built for WASM) as the benchmark calls; the package comes without types. */
declare module 'ext2fs' {
  interface Files {
    open(path: string, flags: 'r'): Promise<{ readonly fd: number }>;
    read(fd: number, buffer: Buffer, at: number, length: number, position: -1): Promise<{ readonly bytesRead: number }>;
    close(fd: number): Promise<void>;
  }
  export function withMountedDisk<T>(
    disk: object,
    offset: number,
    use: (mounted: { readonly promises: Files }) => Promise<T>,
  ): Promise<T>;
}
