/** @file The settings as flags of the kernel's command line. */
import type { Config } from "../config";

export const kernelFlags = (config: Config): readonly string[] => [
  ...["--idle-shutdown-ms", String(config.idleShutdownMs)],
  ...["--memory-warning", String(config.memoryWarningShare)],
  ...["--output-limit", String(config.outputLimitBytes)],
  ...["--device", config.device],
  ...["--threads", String(config.threads)],
  ...["--runs-folder", config.runsFolder],
];
