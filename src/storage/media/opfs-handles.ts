/**
 * What is used of the origin private file system, as the platform has it. Its own types stand in the library for workers alone,
 * and a test must be able to put handles here that fail.
 */
export interface OpfsDirectory {
  keys(): AsyncIterable<string>
  getDirectoryHandle(name: string, options: { readonly create: boolean }): Promise<OpfsDirectory>
  getFileHandle(name: string, options: { readonly create: boolean }): Promise<OpfsFile>
  removeEntry(name: string, options?: { readonly recursive: boolean }): Promise<void>
}

export interface OpfsFile {
  readonly kind: 'file'
  /** Only in dedicated workers. Exclusive: rejects with NoModificationAllowedError while another handle is open. */
  createSyncAccessHandle?(): Promise<SyncAccessHandle>
}

export interface SyncAccessHandle {
  getSize(): number
  read(into: Uint8Array, options: { readonly at: number }): number
  /** Returns how many bytes were taken. A full quota is an error in one browser, fewer bytes in another, far too many in a third. */
  write(from: Uint8Array, options: { readonly at: number }): number
  truncate(size: number): void
  flush(): void
  close(): void
}
