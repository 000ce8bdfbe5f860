/** @file Child process of the disk tests: writes as told by its arguments, so that it can be limited or killed. */
import { atomicWrite, atomicWriteSync } from "../../kernel/io/atomicWrite";
import { saveStep } from "../../kernel/io/checkpoint";

const [task, path, size] = process.argv.slice(2);

async function* endless(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(1000);
  process.stdout.write("started\n");
  await new Promise((resolve) => setTimeout(resolve, 600_000));
}

async function run(): Promise<void> {
  const bytes = Number(size);
  if (task === "sync") atomicWriteSync(path, new Uint8Array(bytes));
  else if (task === "async") await atomicWrite(path, [new Uint8Array(bytes / 2), new Uint8Array(bytes / 2)]);
  else if (task === "endless") await atomicWrite(path, endless());
  else
    await saveStep(
      { tensors: { w: { dtype: "uint8", shape: [bytes], data: new Uint8Array(bytes) } }, meta: null },
      { folder: path, step: 2, keep: 1 },
    );
}

run().then(
  () => process.stdout.write("written\n"),
  (error: unknown) => {
    process.stdout.write(error instanceof Error ? `${error.name}: ${error.message}\n` : "unknown\n");
    process.exitCode = 1;
  },
);
