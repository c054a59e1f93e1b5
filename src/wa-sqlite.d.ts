/** Types of the two files of the package that are used here. The module's own shape is described in vfs/sqlite-module.ts. */
declare module 'wa-sqlite/dist/wa-sqlite.mjs' {
  /** Makes one instance: its own memory, its own connections. The object that is passed becomes the module. */
  export default function instantiate(options: {
    /** Called with the imports; hands over the instance when it is there. The return value is not used. */
    readonly instantiateWasm?: (
      imports: WebAssembly.Imports,
      receive: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
    ) => object
  }): Promise<unknown>
}
