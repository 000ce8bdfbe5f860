/** @file Run in a process of its own, with a home of its own: computes in the way that is asked for, and leaves whatever onnxruntime leaves. */
import { isMainThread, Worker } from "node:worker_threads";
import { fileURLToPath } from "node:url";
import { telemetry } from "../../kernel/commands/doctorChecks";
import { compile, tensor, type Tensor } from "../../kernel/index";
import { probeWebgpu } from "../../kernel/runtime/webgpuProbe";

const compute = async (): Promise<void> => {
  const result = await compile((x: Tensor) => x.mul(2).add(1))(tensor([1, 2]));
  process.stdout.write(`${[...(await result.numbers())].join()}\n`);
};

if (!isMainThread || process.argv[2] === "compute") await compute();
else if (process.argv[2] === "worker") await new Promise((resolve) => new Worker(fileURLToPath(import.meta.url)).once("exit", resolve));
else if (process.argv[2] === "doctor") process.stdout.write(JSON.stringify(telemetry()));
else await probeWebgpu({ env: process.env });
