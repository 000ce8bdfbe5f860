/** @file What a cell costs: time, FLOPs of the programs it ran, and energy where the machine tells. */
import type { CellCost } from "../protocol/jupyter";
import { energyJoules } from "../runtime/monitor/energy";
import { flopsSoFar } from "../runtime/work";

/** Measures from its creation to `stop`. */
export class CostMeter {
  private readonly flops = flopsSoFar();
  private readonly joules = energyJoules();

  stop(durationMs: number): CellCost {
    const flops = flopsSoFar() - this.flops;
    const now = this.joules === undefined ? undefined : energyJoules();
    const joules = this.joules === undefined || now === undefined ? undefined : now - this.joules;
    // A counter that has wrapped around says nothing.
    return { durationMs, ...(flops > 0 ? { flops } : {}), ...(joules !== undefined && joules >= 0 ? { joules } : {}) };
  }
}
