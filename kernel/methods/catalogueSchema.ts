/** @file An entry of the catalogue of methods. Whether a method is there is not written down but looked up: its notebook is in the package, or not. */

/** Where a method acts, in the order in which the catalogue shows the groups. */
export const ACTS_ON = ["model", "objective", "data", "optimizer", "numerics", "sampler", "system", "law"] as const;
export type ActsOn = (typeof ACTS_ON)[number];

export interface MethodEntry {
  /** Name of its file, its notebook `notebooks/<slug>.ipynb` and its results. */
  readonly slug: string;
  readonly title: string;
  readonly paper: {
    readonly authors: string;
    readonly year: number;
    /** Conference or kind; a year in it is that of the venue where it differs. */
    readonly venue: string;
    /** As in "2109.08668". */
    readonly arxiv: string;
  };
  readonly acts: ActsOn;
  /** What the paper says, in one sentence. */
  readonly claim: string;
}
