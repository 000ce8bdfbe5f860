/** @file The kernel process of one notebook. */
import module from "node:module";

// Compiled code is kept between starts where Node can do that; everything large is loaded after.
const enableCompileCache: unknown = Reflect.get(module, "enableCompileCache");
if (typeof enableCompileCache === "function") enableCompileCache();

const { startKernelProcess } = await import("./process/kernelProcess");
await startKernelProcess(process.argv.slice(2));
