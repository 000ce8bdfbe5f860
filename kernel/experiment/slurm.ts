/** @file slurm(): tasks as array jobs of a Slurm cluster. Results are files in a folder that all of its machines see. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { atomicWriteSync } from "../io/atomicWrite";
import { failureOf, TRIES, type Launcher, type RemoteWork } from "./launcher";
import { cancel, queued, submit, type SlurmResources } from "./slurmQueue";
import { failurePath } from "./taskStore";
import { cliPath, writeWorkerFile } from "./workerFile";

export interface SlurmOptions extends SlurmResources {
  /** How often to look for results. The queue is asked as often. Default 5. */
  readonly pollSeconds?: number;
}

/**
 * For `on` of sweep(), experiment() and tune(): every task becomes one task of an array job, which runs the cells that lead to the call. The
 * notebook, its packages and this installation must lie on a file system that the cluster's machines share. Tasks whose job ends without a result
 * are queued once more. An interrupt cancels the jobs; when only the notebook's process ends, they go on, and the same call finds them again.
 * @throws {DeviceError} from the call that uses it, when Slurm is missing or refuses the job.
 */
export const slurm =
  ({ pollSeconds = 5, ...resources }: SlurmOptions = {}): Launcher =>
  (work) =>
    new Cluster(work, { resources, pollMs: pollSeconds * 1000 }).run();

/** Which task each index of a job does. */
type Jobs = Record<string, readonly string[]>;

class Cluster {
  private readonly jobsFile: string;
  private readonly jobs: Jobs;
  private readonly open: Set<string>;
  private readonly tries = new Map<string, number>();
  private readonly failures: string[] = [];
  /** Absent from the queue when last asked: its result may be on its way through the file system. */
  private missing: ReadonlySet<string> = new Set();

  constructor(
    private readonly work: RemoteWork,
    private readonly options: { readonly resources: SlurmResources; readonly pollMs: number },
  ) {
    this.jobsFile = join(work.folder, "slurm.json");
    this.jobs = existsSync(this.jobsFile) ? JSON.parse(readFileSync(this.jobsFile, "utf8")) : {};
    this.open = new Set(work.ids);
  }

  async run(): Promise<void> {
    const { signal, name, ids } = this.work;
    const file = writeWorkerFile(this.work);
    ids.forEach((id) => rmSync(failurePath(this.work.folder, id), { force: true }));
    const running = await this.inQueue();
    await this.submit(file, ids.filter((id) => running?.has(id) !== true));
    try {
      while (this.open.size > 0) {
        await sleep(this.options.pollMs, undefined, { signal }).catch(() => undefined);
        if (signal.aborted) return;
        await this.look(file);
      }
    } finally {
      // Nothing is left of them, unless it was interrupted.
      await cancel(Object.keys(this.jobs)).catch(() => undefined);
      rmSync(this.jobsFile, { force: true });
    }
    if (this.failures.length > 0) throw failureOf(name, this.failures);
  }

  /** Takes what is done or failed, and queues again what was lost. */
  private async look(file: string): Promise<void> {
    // Asked before the results are looked at: what has left the queue by now has written what it will write.
    const running = await this.inQueue();
    const { isDone, onDone, folder } = this.work;
    for (const id of this.open) {
      const failed = failurePath(folder, id);
      if (isDone(id)) onDone(id);
      else if (existsSync(failed)) this.failures.push(`${id}: ${readFileSync(failed, "utf8").trim()}`);
      else continue;
      this.open.delete(id);
    }
    if (running === undefined) return;
    const missing = [...this.open].filter((id) => !running.has(id));
    const lost = missing.filter((id) => this.missing.has(id));
    this.missing = new Set(missing.filter((id) => !lost.includes(id)));
    const again = lost.filter((id) => {
      const tries = (this.tries.get(id) ?? 1) + 1;
      this.tries.set(id, tries);
      if (tries <= TRIES) return true;
      this.failures.push(`${id}: its job ended ${TRIES} times without a result: ${this.printed(id)}`);
      this.open.delete(id);
      return false;
    });
    // After a failure nothing new is begun.
    if (this.failures.length > 0) again.forEach((id) => this.open.delete(id));
    else await this.submit(file, again);
  }

  /** Tasks that wait or run; undefined while nobody knows. */
  private async inQueue(): Promise<ReadonlySet<string> | undefined> {
    const left = await queued(Object.keys(this.jobs));
    return left && new Set(Object.entries(this.jobs).flatMap(([job, ids]) => ids.filter((_, index) => left.has(`${job}_${index}`))));
  }

  private async submit(file: string, ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const { name, folder, processes } = this.work;
    mkdirSync(folder, { recursive: true });
    const command = [process.execPath, cliPath(), "worker", file, "--task"].map(quote).join(" ");
    // The tasks' names travel in the script, which Slurm keeps as it is now.
    const script = `#!/bin/sh\nset -- ${ids.map(quote).join(" ")}\nshift "$SLURM_ARRAY_TASK_ID"\nISOFLOP_THREADS="$SLURM_CPUS_PER_TASK" exec ${command} "$1"\n`;
    const job = await submit({ name: `isoflop-${name.replaceAll("/", "-")}`, count: ids.length, atOnce: processes, output: join(folder, "slurm-%A_%a.txt"), cwd: process.cwd(), script }, this.options.resources);
    this.jobs[job] = ids;
    atomicWriteSync(this.jobsFile, JSON.stringify(this.jobs));
  }

  /** The end of what the last job of a task printed. */
  private printed(id: string): string {
    const last = Object.entries(this.jobs).findLast(([, ids]) => ids.includes(id));
    const file = last && `slurm-${last[0]}_${last[1].indexOf(id)}.txt`;
    if (file === undefined || !readdirSync(this.work.folder).includes(file)) return "it printed nothing";
    return readFileSync(join(this.work.folder, file), "utf8").trim().slice(-500) || "it printed nothing";
  }
}

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
