/** @file From comparisons to a verdict. */
import type { Outcome } from "./outcome";
import type { CheckResult, ComparisonResult, Verdict } from "./schema";

/** A criterion: comparisons that all have to hold. */
export type Criterion<Arm extends string = string> = (outcome: Outcome<Arm>) => ComparisonResult | readonly ComparisonResult[];
export type Criteria<Arm extends string = string> = Readonly<Record<string, Criterion<Arm>>>;

/** Every criterion with what it found. */
export function checksOf<Arm extends string>(criteria: Criteria<Arm>, { outcome, kind }: { readonly outcome: Outcome<Arm>; readonly kind: CheckResult["kind"] }): CheckResult[] {
  return Object.entries(criteria).map(([name, criterion]) => {
    const found = criterion(outcome);
    const comparisons = "verdict" in found ? [found] : found;
    return { name, kind, verdict: worst(comparisons.map(({ verdict }) => verdict)), comparisons };
  });
}

/**
 * The verdict of all checks together, and why: one that does not hold decides, then one that is inconclusive. A negative control
 * that does not fail as it must leaves the claim inconclusive: the experiment could not have told otherwise.
 */
export function verdictOf(checks: readonly CheckResult[]): { readonly verdict: Verdict; readonly reason: string } {
  const claims = checks.filter(({ kind }) => kind === "claim");
  const controls = checks.filter(({ kind }) => kind === "control");
  const verdict = worst(claims.map((check) => check.verdict));
  const broken = controls.filter((check) => check.verdict !== "held");
  if (verdict === "held" && broken.length > 0) return { verdict: "inconclusive", reason: `the negative control did not fail as it must: ${broken.map(({ name }) => name).join("; ")}` };
  const deciding = claims.filter((check) => check.verdict === verdict).map(({ name }) => name);
  return { verdict, reason: verdict === "held" ? `all ${claims.length} criteria hold${controls.length > 0 ? ", and the negative control fails as it must" : ""}` : deciding.join("; ") };
}

const worst = (verdicts: readonly Verdict[]): Verdict => (verdicts.includes("not held") ? "not held" : verdicts.includes("inconclusive") || verdicts.length === 0 ? "inconclusive" : "held");
