/** @file The search: regularized evolution (Real et al. 2019) with halving hurdles, and random search over the same programs. */
import { ArgumentError } from "../../errors";
import type { HostRandom } from "../../random/hostRandom";
import { bands, Hurdles } from "./hurdles";
import { child, randomDna, type Space } from "./mutate";
import type { Dna } from "./program";

/** A training that is under way. */
export interface Trial {
  /** Trains for a share of the whole training, 0 to 1, and gives the loss then; NaN or ∞ for one that diverged. */
  advance(share: number): Promise<number>;
}

export interface Individual {
  /** 0, 1, 2, … in the order in which they were made. */
  readonly id: number;
  /** Whose child it is; undefined for the seed and for programs at random. */
  readonly parent: number | undefined;
  readonly dna: Dna;
  /** At the end of each band that it trained. */
  readonly losses: readonly number[];
  /** Hurdles passed; it trained to the end when these are all. */
  readonly passed: number;
  /** Share of a whole training that it was given. */
  readonly spent: number;
}

export interface Search {
  readonly individuals: readonly Individual[];
  /** The lowest loss of those that trained to the end. */
  readonly best: Individual;
  /** Trained, as a share of what whole trainings of all individuals would have been. */
  readonly share: number;
}

export interface SearchOptions {
  readonly seed: Dna;
  readonly space: Space;
  /** Individuals that are trained, the seed among them. */
  readonly individuals: number;
  readonly hurdles: number;
  readonly random: HostRandom;
  readonly begin: (dna: Dna) => Trial | Promise<Trial>;
  /** Told of each as it is judged. */
  readonly onIndividual?: (one: Individual) => void;
}

export interface EvolveOptions extends SearchOptions {
  /** Individuals that live; the oldest dies when one is born. */
  readonly population: number;
  /** Of so many drawn from the living the best has the next child. */
  readonly tournament: number;
}

/** Trains individuals through the hurdles, and keeps what became of them. */
class Judge {
  readonly individuals: Individual[] = [];
  private readonly hurdles: Hurdles;

  constructor(private readonly options: SearchOptions) {
    const { individuals, hurdles } = options;
    if (!Number.isInteger(individuals) || individuals < 1) throw new ArgumentError(`primer: a search of ${individuals} individuals`, { help: "give an integer from 1" });
    this.hurdles = new Hurdles(hurdles);
  }

  get wanting(): boolean {
    return this.individuals.length < this.options.individuals;
  }

  async judge(dna: Dna, parent?: number): Promise<Individual> {
    const trial = await this.options.begin(dna);
    const losses: number[] = [];
    let [passed, spent] = [0, 0];
    for (const [band, share] of bands(this.hurdles.count).entries()) {
      losses.push(await trial.advance(share));
      spent += share;
      if (band === this.hurdles.count || !this.hurdles.pass(band, losses[band])) break;
      passed++;
    }
    const one: Individual = { id: this.individuals.length, parent, dna, losses, passed, spent };
    this.individuals.push(one);
    this.options.onIndividual?.(one);
    return one;
  }

  get search(): Search {
    const { individuals } = this;
    const spent = individuals.reduce((sum, one) => sum + one.spent, 0);
    return { individuals, best: individuals.reduce((best, one) => (better(one, best) ? one : best)), share: spent / individuals.length };
  }
}

/** Who passed more hurdles, then the lower loss; a loss that is not finite is the highest. */
function better(a: Individual, b: Individual): boolean {
  const last = ({ losses }: Individual): number => (Number.isFinite(losses[losses.length - 1]) ? losses[losses.length - 1] : Infinity);
  return a.passed !== b.passed ? a.passed > b.passed : last(a) < last(b);
}

/**
 * Regularized evolution: the population begins as copies of the seed, which is trained once; then the best of a random few has a child by one mutation that
 * changes its function, and the oldest dies.
 */
export async function evolve({ population, tournament, ...options }: EvolveOptions): Promise<Search> {
  if (!(Number.isInteger(population) && Number.isInteger(tournament) && tournament >= 1 && tournament <= population))
    throw new ArgumentError(`primer: tournaments of ${tournament} in a population of ${population}`, { help: "give integers, the tournament from 1 to the population" });
  const judge = new Judge(options);
  const first = await judge.judge(options.seed);
  const living: Individual[] = Array.from({ length: population }, () => first);
  while (judge.wanting) {
    const drawn = [...options.random.permutation(population).subarray(0, tournament)].map((i) => living[i]);
    const parent = drawn.reduce((best, one) => (better(one, best) ? one : best));
    living.push(await judge.judge(await child(parent.dna, options.space, options.random), parent.id));
    living.shift();
  }
  return judge.search;
}

/** The seed, and programs at random from the same space. */
export async function randomSearch(options: SearchOptions): Promise<Search> {
  const judge = new Judge(options);
  await judge.judge(options.seed);
  while (judge.wanting) await judge.judge(randomDna(options.seed, options.space, options.random));
  return judge.search;
}
