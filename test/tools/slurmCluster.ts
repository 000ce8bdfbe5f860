/** @file A Slurm cluster of this one machine, for a test: its own folder, ports and secrets; nothing of the system's is touched. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const DAEMONS = ["/usr/sbin/slurmctld", "/usr/sbin/slurmd"];

/** Why no cluster can be started here; undefined where one can. */
export function slurmMissing(): string | undefined {
  if (!DAEMONS.every(existsSync)) return "Slurm is not installed (Debian: slurm-wlm)";
  return process.getuid?.() === 0 ? undefined : "slurmd starts jobs only for root";
}

export interface SlurmCluster {
  /** For processes that submit jobs. */
  readonly env: { readonly SLURM_CONF: string };
  stop(): Promise<void>;
}

/** Starts the controller and one node of `cpus` processors, and waits until the node takes jobs. */
export async function startSlurm(cpus: number): Promise<SlurmCluster> {
  const folder = mkdtempSync(join(tmpdir(), "isoflop-slurm-"));
  const file = join(folder, "slurm.conf");
  const node = hostname().split(".")[0];
  const [controllerPort, nodePort] = await Promise.all([freePort(), freePort()]);
  for (const name of ["state", "spool"]) mkdirSync(join(folder, name));
  writeFileSync(
    file,
    [
      "ClusterName=isoflop",
      `SlurmctldHost=${node}(127.0.0.1)`,
      `SlurmctldPort=${controllerPort}`,
      `SlurmdPort=${nodePort}`,
      ...["AuthType=auth/none", "CommunicationParameters=NoInAddrAny,NoCtldInAddrAny", "CredType=cred/none", "MpiDefault=none", "ProctrackType=proctrack/pgid", "TaskPlugin=task/none", "SlurmUser=root", "SlurmdUser=root"],
      `StateSaveLocation=${join(folder, "state")}`,
      `SlurmdSpoolDir=${join(folder, "spool")}`,
      `SlurmctldPidFile=${join(folder, "controller.pid")}`,
      `SlurmdPidFile=${join(folder, "node.pid")}`,
      ...["ReturnToService=2", "SchedulerType=sched/builtin", "SelectType=select/cons_tres", "SelectTypeParameters=CR_Core"],
      ...["JobAcctGatherType=jobacct_gather/none", "AccountingStorageType=accounting_storage/none", "KillWait=1", "SlurmdParameters=config_overrides"],
      `NodeName=${node} NodeAddr=127.0.0.1 CPUs=${cpus} State=UNKNOWN`,
      "PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP",
      "",
    ].join("\n"),
  );
  const env = { SLURM_CONF: file };
  const daemons = [spawn(DAEMONS[0], ["-D", "-f", file], { stdio: "ignore" }), spawn(DAEMONS[1], ["-D", "-f", file, "-N", node], { stdio: "ignore" })];
  const stop = async (): Promise<void> => {
    await Promise.all(daemons.reverse().map(ended));
    rmSync(folder, { recursive: true, force: true });
  };
  for (let tries = 0; tries < 300; tries++) {
    if (state(env) === "idle") return { env, stop };
    await sleep(100);
  }
  await stop();
  throw new Error("the Slurm cluster did not start");
}

function state(env: SlurmCluster["env"]): string {
  try {
    return execFileSync("sinfo", ["--noheader", "--format=%t"], { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "ignore"], encoding: "utf8" }).trim();
  } catch {
    return "";
  }
}

function ended(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    daemon.once("close", () => resolve());
    daemon.kill();
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
